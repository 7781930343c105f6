using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Temper.Reinforcement.Bridges;

/// <summary>
/// Takes TCP connections and serves each on its own, up to a number; a failure of one does not touch the others.
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

    /// <summary>Where it listens.</summary>
    internal IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Connections that are served now.</summary>
    internal int Connections => _sessions.Count;

    /// <exception cref="BridgeException">The address cannot be listened on.</exception>
    internal static TcpHost Start(BridgeListener options, Func<FrameConnection, CancellationToken, Task> serve)
    {
        options.Limits.Validate();
        try
        {
            return new TcpHost(options, serve);
        }
        catch (SocketException error)
        {
            throw new BridgeException($"bridge: cannot listen on {options.EndPoint} ({error.Message}); give an address "
                + "of this machine and a port that is free", error);
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
                    _options.Told?.Invoke(
                        $"a connection was refused: {_options.Limits.MaxConnections} are open already");
                    continue;
                }

                // The session takes itself out of the table, so it begins when it stands in it.
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
                // Out of handles, or a peer that left at once: others may still come.
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
            // The host stops; there is nothing to tell.
        }
#pragma warning disable CA1031 // Whatever a peer provokes ends its own connection alone.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _options.Told?.Invoke($"the connection of {peer} ended: {error.Message}");
        }
        finally
        {
            client.Dispose();
            _sessions.TryRemove(number, out _);
        }
    }
}
