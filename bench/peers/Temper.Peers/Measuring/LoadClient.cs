using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;

namespace Temper.Peers.Measuring;

/// <summary>
/// Sends good and bad requests to a server, over one connection per call of <see cref="Run"/>, and checks every
/// response.
/// </summary>
internal sealed class LoadClient
{
    private readonly Uri _infer;
    private readonly string _input;
    private readonly byte[] _one, _eight, _json;
    private readonly float[] _expected;

    public LoadClient(Network network, Uri model)
    {
        _infer = new Uri($"{model}/infer");
        _input = network.Inputs[0].Name;
        Tensor x = Tensor.From(
            Noise(8 * network.Inputs[0].SampleShape.Count),
            Shape.Create([8, .. network.Inputs[0].SampleShape.AsSpan()]));
        _expected = network.Forward(x).ToArray<float>();
        float[] values = x.ToArray<float>();
        string sample = string.Join(',', network.Inputs[0].SampleShape);
        _one = Binary(values.AsSpan(0, values.Length / 8), $"[1,{sample}]");
        _eight = Binary(values, $"[8,{sample}]");
        string numbers = string.Join(
            ',', values[..(values.Length / 8)].Select(value => value.ToString(CultureInfo.InvariantCulture)));
        _json = Encoding.UTF8.GetBytes(
            $$"""{"parameters":{"binary_data_output":true},"inputs":[{"name":"{{_input}}","shape":[1,{{sample}}]"""
            + $$""","datatype":"FP32","data":[{{numbers}}]}]}""");
    }

    /// <summary>Latencies of the good requests, in seconds.</summary>
    public List<double> Seconds { get; } = [];

    /// <summary>Good requests with a wrong response, and bad requests with a wrong status.</summary>
    public List<string> Failures { get; } = [];

    public int Bad { get; private set; }

    /// <summary>
    /// Sends requests until cancelled. Of 20 requests, 13 contain one sample in binary form, 4 one sample as JSON, 2
    /// eight samples in binary form, and 1 is bad.
    /// </summary>
    public async Task Run(int seed, CancellationToken end)
    {
        using var handler =
            new SocketsHttpHandler { MaxConnectionsPerServer = 1, PooledConnectionLifetime = Timeout.InfiniteTimeSpan };
        using var client = new HttpClient(handler);
        for (int i = seed * 7; !end.IsCancellationRequested; i++)
        {
            switch (i % 20)
            {
                case < 13: await Good(client, _one, 1); break;
                case < 17: await Good(client, _json, 1); break;
                case < 19: await Good(client, _eight, 8); break;
                default: await Send(client, i); break;
            }
        }
    }

    private async Task Good(HttpClient client, byte[] body, int samples)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await Post(client, body);
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        lock (Seconds)
        {
            Seconds.Add(took);
            if (response.StatusCode != HttpStatusCode.OK || !IsRight(answer, samples))
            {
                string reason =
                    response.StatusCode == HttpStatusCode.OK ? "wrong numbers" : Encoding.UTF8.GetString(answer);
                Failures.Add($"good request: {(int)response.StatusCode} {reason}");
            }
        }
    }

    private async Task Send(HttpClient client, int i)
    {
        (byte[] body, HttpStatusCode expected) = (i / 20 % 4) switch
        {
            0 => (Encoding.UTF8.GetBytes("{\"inputs\":["), HttpStatusCode.BadRequest),
            1 => (new byte[2 << 20], HttpStatusCode.RequestEntityTooLarge),
            2 => (_one[..^4], HttpStatusCode.BadRequest),
            _ =>
                (
                    Encoding.UTF8.GetBytes(
                        $$"""{"inputs":[{"name":"{{_input}}","shape":[2147483647],"datatype":"FP32","data":[]}]}"""),
                    HttpStatusCode.BadRequest),
        };
        using HttpResponseMessage response = await Post(client, body);
        lock (Seconds)
        {
            Bad++;
            if (response.StatusCode != expected)
            {
                Failures.Add($"bad request: {(int)response.StatusCode}, expected {(int)expected}");
            }
        }
    }

    private Task<HttpResponseMessage> Post(HttpClient client, byte[] body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, _infer) { Content = new ByteArrayContent(body) };
        request.Headers.ExpectContinue = body.Length > 1 << 20;
        int json = body.AsSpan().LastIndexOf("]}"u8) + 2;
        if (json < body.Length)
        {
            request.Content.Headers.Add("Inference-Header-Content-Length", $"{json}");
        }

        return client.SendAsync(request);
    }

    private bool IsRight(byte[] answer, int samples)
    {
        int count = _expected.Length / 8 * samples;
        ReadOnlySpan<float> results = MemoryMarshal.Cast<byte, float>(answer.AsSpan()[^(count * sizeof(float))..]);
        for (int i = 0; i < count; i++)
        {
            if (!(Math.Abs(results[i] - _expected[i]) <= 1e-4f * _expected.Max(Math.Abs)))
            {
                return false;
            }
        }

        return true;
    }

    private byte[] Binary(ReadOnlySpan<float> values, string shape) =>
    [
        .. Encoding.UTF8.GetBytes(
            $$"""{"inputs":[{"name":"{{_input}}","shape":{{shape}},"datatype":"FP32","parameters":"""
            + $$"""{"binary_data_size":{{values.Length * sizeof(float)}} } }]"""
            + ""","parameters":{"binary_data_output":true},"x":[]}"""),
        .. MemoryMarshal.AsBytes(values),
    ];

    private static float[] Noise(int count)
    {
        float[] values = new float[count];
        RandomStream.FromSeed(1).Fill(values);
        return values;
    }
}
