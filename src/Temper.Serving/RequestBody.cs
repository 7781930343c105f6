using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Temper.Serving.Protocol;

namespace Temper.Serving;

/// <summary>The body of a request, in memory that goes back when it is read.</summary>
internal sealed class RequestBody : IDisposable
{
    private const string JsonLength = "Inference-Header-Content-Length";

    private const int FirstBytes = 16 << 10;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _length;
    private int _json;

    private RequestBody()
    {
    }

    /// <summary>The JSON: all, unless the header says how long it is.</summary>
    internal ReadOnlySpan<byte> Json => _bytes.AsSpan(0, _json);

    /// <summary>The bytes behind it.</summary>
    internal ReadOnlySpan<byte> Raw => _bytes.AsSpan(_json, _length - _json);

    /// <exception cref="RequestException">The body is packed, or the header does not fit the body.</exception>
    /// <exception cref="BadHttpRequestException">It is too large or too slow.</exception>
    internal static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        RequirePlain(request);
        var body = new RequestBody();
        try
        {
            for (int read = -1; read != 0;)
            {
                body.Grow();
                read = await request.Body.ReadAsync(body._bytes.AsMemory(body._length), cancellation)
                    .ConfigureAwait(false);
                body._length += read;
            }

            body._json = JsonBytes(request.Headers[JsonLength], body._length);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>A packed body would be read as JSON that is malformed.</summary>
    private static void RequirePlain(HttpRequest request)
    {
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new RequestException(
                StatusCodes.Status415UnsupportedMediaType,
                "Content-Encoding: packed bodies are not read "
                + $"(got {encoding}, expected none); send the body as it is");
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _bytes, []));

    /// <summary>Memory is taken as bytes come, not as they are promised.</summary>
    private void Grow()
    {
        if (_length == _bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(_bytes.Length * 2);
            _bytes.CopyTo(larger, 0);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
        }
    }

    private static int JsonBytes(string? header, int length) => header is null ? length
        : int.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out int json) && json <= length ? json
        : throw new RequestException(
            400, $"{JsonLength}: does not fit the body (got {header}, expected 0 to {length})");
}
