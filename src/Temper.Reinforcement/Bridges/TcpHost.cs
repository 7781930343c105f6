using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Accepts TCP connections up to a maximum number and serves each independently. An error in one connection does not
/// affect the others.
/// </summary>
internal sealed class TcpHost : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private readonly TcpListener _listener;
    private readonly BridgeListener _options;
    private readonly Func<FrameConnection, CancellationToken, Task> _serve;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, Task> _sessions = new();
    private readonly Task _accepting;

    private TcpHost(BridgeListener options, Func<FrameConnection, CancellationToken, Task> serve)
    {
        (_options, _serve) = (options, serve);
        _listener = new TcpListener(options.EndPoint);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Address and port the host listens on.</summary>
    internal IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Number of connections served now.</summary>
    internal int Connections => _sessions.Count;

    /// <exception cref="BridgeException">The host cannot listen on the address.</exception>
    internal static TcpHost Start(BridgeListener options, Func<FrameConnection, CancellationToken, Task> serve)
    {
        options.Limits.Validate();
        try
        {
            return new TcpHost(options, serve);
        }
        catch (SocketException error)
        {
            throw new BridgeException($"bridge: cannot listen on {options.EndPoint} ({error.Message}); use an address "
                + "of this machine and a free port", error);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_sessions.Values).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        for (long number = 0; !_stop.IsCancellationRequested; number++)
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token).ConfigureAwait(false);
                if (_sessions.Count >= _options.Limits.MaxConnections)
                {
                    client.Dispose();
                    _options.Log?.Invoke(
                        $"a connection was refused: {_options.Limits.MaxConnections} are already open");
                    continue;
                }

                // The session removes itself from the table when it ends, so it must not start before it is added.
                var begins = new TaskCompletionSource();
                _sessions[number] = ServeAsync(client, number, begins.Task);
                begins.SetResult();
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (!_stop.IsCancellationRequested)
            {
                // Out of handles, or the peer disconnected immediately; keep accepting other connections.
                await Task.Delay(Pause).ConfigureAwait(false);
            }
            catch (SocketException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client, long number, Task begins)
    {
        await begins.ConfigureAwait(false);
        await Task.Yield();
        string peer = "a peer";
        try
        {
            peer = $"{client.Client.RemoteEndPoint}";
            using var connection = new FrameConnection(client, _options.Limits, peer);
            await _serve(connection, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Expected when the host stops.
        }
#pragma warning disable CA1031 // Any error caused by a peer may end only its own connection.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _options.Log?.Invoke($"the connection of {peer} ended: {error.Message}");
        }
        finally
        {
            client.Dispose();
            _sessions.TryRemove(number, out _);
        }
    }
}
