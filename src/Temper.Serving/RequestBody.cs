using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Temper.Serving.Protocol;

namespace Temper.Serving;

/// <summary>The body of a request, in a pooled buffer that is returned on dispose.</summary>
internal sealed class RequestBody : IDisposable
{
    /// <summary>Header with the number of bytes of JSON in a body that also has binary data.</summary>
    internal const string JsonLengthHeader = "Inference-Header-Content-Length";

    private const int FirstBytes = 16 << 10;

    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(FirstBytes);
    private int _length;
    private int _json;

    private RequestBody()
    {
    }

    /// <summary>The JSON: the whole body, unless the header gives its length.</summary>
    internal ReadOnlySpan<byte> Json => _bytes.AsSpan(0, _json);

    /// <summary>The bytes after the JSON.</summary>
    internal ReadOnlySpan<byte> Raw => _bytes.AsSpan(_json, _length - _json);

    /// <exception cref="RequestException">The body is compressed, or the header does not match the body.</exception>
    /// <exception cref="BadHttpRequestException">The body is too large or arrives too slowly.</exception>
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

            body._json = JsonBytes(request.Headers[JsonLengthHeader], body._length);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Rejects compressed bodies, which would otherwise be reported as malformed JSON.</summary>
    private static void RequirePlain(HttpRequest request)
    {
        string encoding = request.Headers.ContentEncoding.ToString();
        if (encoding.Length > 0 && !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new RequestException(
                StatusCodes.Status415UnsupportedMediaType,
                "Content-Encoding: compressed bodies are not supported "
                + $"(got {encoding}, expected none); send the body uncompressed");
        }
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _bytes, []));

    /// <summary>Grows the buffer as data arrives; the declared length is not trusted.</summary>
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
            400, $"{JsonLengthHeader}: does not match the body (got {header}, expected 0 to {length})");
}
