using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Temper.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Temper.Robustness.Attacks;

/// <summary>
/// A model served over the Open Inference Protocol (KServe V2 over HTTP), for example by <c>temper serve</c>. Provides
/// scores or decisions, no gradients. Sends one request at a time; not thread-safe.
/// </summary>
/// <remarks>
/// The server's result for a sample may depend on the batch in the last bits, so attacks are only as reproducible as
/// the server.
/// </remarks>
public sealed class ServedTarget : AttackTarget, IDisposable
{
    /// <summary>Maximum number of values per request: 4 MiB.</summary>
    private const int MaxNumbers = 1 << 20;

    /// <summary>Maximum size of a response. It is limited because the server is not trusted.</summary>
    private const long MaxBytes = 64 << 20;

    private readonly HttpClient _client;
    private readonly Uri _address;
    private readonly string _input;
    private readonly string _output;

    private ServedTarget(
        HttpClient client, Uri address, (JsonElement Input, JsonElement Output) tensors,
        (float Minimum, float Maximum) bounds, Access access)
    {
        (_client, _address, Access) = (client, address, access);
        (_input, SampleShape) = InferenceProtocol.Described(tensors.Input, "input");
        (_output, Shape answer) = InferenceProtocol.Described(tensors.Output, "output");
        Classes = answer.Rank == 1 && answer[0] >= 2
            ? answer[0]
            : throw InferenceProtocol.Unfit(
                $"the first output is not logits [N, K] of two or more classes (got [N, {answer}])");
        (Minimum, Maximum) = bounds;
    }

    /// <inheritdoc/>
    public override Shape SampleShape { get; }

    /// <inheritdoc/>
    public override float Minimum { get; }

    /// <inheritdoc/>
    public override float Maximum { get; }

    /// <inheritdoc/>
    public override int Classes { get; }

    /// <inheritdoc/>
    public override Access Access { get; }

    /// <summary>Connects to a server and reads the model's inputs and outputs.</summary>
    /// <param name="address">URL of the model, such as <c>http://localhost:8080/v2/models/lenet</c>.</param>
    /// <param name="bounds">Smallest and largest input value; the protocol does not provide them.</param>
    /// <param name="access">Scores or decisions; with decisions only the predicted class is used.</param>
    /// <param name="token">Token sent as <c>Authorization: Bearer</c>; null: none.</param>
    /// <exception cref="IOException">The server does not respond or returns an error.</exception>
    /// <exception cref="ArgumentException">
    /// The model is not a classifier with one batched float32 input, the bounds are invalid, or gradients are
    /// requested.
    /// </exception>
    public static ServedTarget Connect(
        Uri address, (float Minimum, float Maximum) bounds, Access access = Access.Scores, string? token = null)
    {
        if (access == Access.Gradients)
        {
            throw new ArgumentException(
                "ServedTarget: a served model provides no gradients; use scores or decisions", nameof(access));
        }

        if (!(bounds.Minimum < bounds.Maximum && float.IsFinite(bounds.Minimum) && float.IsFinite(bounds.Maximum)))
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"ServedTarget: invalid bounds (got {bounds.Minimum} to {bounds.Maximum}, expected minimum below "
                    + $"maximum); give the range of the inputs"), nameof(bounds));
        }

        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false })
        {
            Timeout = TimeSpan.FromSeconds(100), MaxResponseContentBufferSize = MaxBytes,
        };
        try
        {
            client.DefaultRequestHeaders.Authorization =
                token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using HttpResponseMessage answer = Send(client, new HttpRequestMessage(HttpMethod.Get, address));
            using JsonDocument model = InferenceProtocol.Parse(Bytes(answer));
            JsonElement input = InferenceProtocol.First(model.RootElement, "inputs");
            JsonElement output = InferenceProtocol.First(model.RootElement, "outputs");
            return new ServedTarget(client, address, (input, output), bounds, access);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Scores(ReadOnlySpan<float> x, int count, Span<float> logits)
    {
        int step = Math.Max(1, MaxNumbers / SampleShape.Count);
        for (int start = 0; start < count; start += step)
        {
            int rows = Math.Min(step, count - start);
            Infer(
                x.Slice(start * SampleShape.Count, rows * SampleShape.Count), rows,
                logits.Slice(start * Classes, rows * Classes));
        }

        if (Access == Access.Decisions)
        {
            for (int row = 0; row < count; row++)
            {
                Span<float> own = logits.Slice(row * Classes, Classes);
                int winner = TensorPrimitives.IndexOfMax<float>(own);
                own.Clear();
                own[winner] = 1;
            }
        }
    }

    /// <summary>Closes the HTTP client.</summary>
    public void Dispose() => _client.Dispose();

    private void Infer(ReadOnlySpan<float> x, int rows, Span<float> logits)
    {
        byte[] header = InferenceProtocol.RequestHeader(
            _input, _output, [rows, .. SampleShape.AsSpan()], x.Length * sizeof(float));
        byte[] body = new byte[header.Length + (x.Length * sizeof(float))];
        header.CopyTo(body, 0);
        MemoryMarshal.AsBytes(x).CopyTo(body.AsSpan(header.Length));
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address.AbsoluteUri.TrimEnd('/') + "/infer"))
        {
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add(InferenceProtocol.HeaderLength, header.Length.ToString(CultureInfo.InvariantCulture));
        using HttpResponseMessage answer = Send(_client, request);
        byte[] bytes = Bytes(answer);
        if (answer.Headers.TryGetValues(InferenceProtocol.HeaderLength, out IEnumerable<string>? lengths)
            && int.TryParse(lengths.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            && length <= bytes.Length)
        {
            ReadOnlySpan<byte> raw = bytes.AsSpan(length);
            if (raw.Length != logits.Length * sizeof(float))
            {
                throw InferenceProtocol.Broken(
                    $"{raw.Length} bytes of logits, expected {logits.Length * sizeof(float)}");
            }

            raw.CopyTo(MemoryMarshal.AsBytes(logits));
            return;
        }

        using JsonDocument document = InferenceProtocol.Parse(bytes);
        InferenceProtocol.ReadNumbers(InferenceProtocol.First(document.RootElement, "outputs"), logits);
    }

    private static HttpResponseMessage Send(HttpClient client, HttpRequestMessage request)
    {
        try
        {
            HttpResponseMessage answer = client.Send(request);
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            using (answer)
            {
                string why = Encoding.UTF8.GetString(Bytes(answer));
                throw new IOException($"served model: the request failed (got status {(int)answer.StatusCode}: "
                    + $"{why[..Math.Min(why.Length, 200)]}; request to {request.RequestUri})");
            }
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            throw new IOException(
                $"served model: no reply from {request.RequestUri} ({error.Message}); is the server running?", error);
        }
        finally
        {
            request.Dispose();
        }
    }

    private static byte[] Bytes(HttpResponseMessage answer)
    {
        using Stream stream = answer.Content.ReadAsStream();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
