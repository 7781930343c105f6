using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Temper.Inference;
using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Serving.Tests;

public sealed class InferenceServerTests
{
    private static readonly Network Pair = Network.Build(new InputSpec { Name = "x", SampleShape = Shape.Create([3]) }, x => x.Linear(2)).Initialize(RandomStream.FromSeed(1));

    private static readonly float[] Values = [0.5f, -1, 2, 3, 4, -5];

    private static readonly float[] Expected = Pair.Forward(Tensor.From(Values, [2, 3])).ToArray<float>();

    private static string Output => Pair.Outputs[0].Name;

    private static string Input(string data, string shape = "[2,3]", string type = "FP32", string name = "x") =>
        $$"""{"id":"7","inputs":[{"name":"{{name}}","shape":{{shape}},"datatype":"{{type}}",{{data}}}]}""";

    [Fact]
    public async Task Metadata_health_and_metrics_are_those_of_the_protocol()
    {
        await using Served served = await Served.Start(Pair);
        JsonElement model = await Served.Json(await served.Client.GetAsync("/v2/models/model"));
        Assert.Equal("""[{"name":"x","datatype":"FP32","shape":[-1,3]}]""", model.GetProperty("inputs").GetRawText());
        Assert.Equal($$"""[{"name":"{{Output}}","datatype":"FP32","shape":[-1,2]}]""", model.GetProperty("outputs").GetRawText());
        Assert.Equal("temper", (await Served.Json(await served.Client.GetAsync("/v2"))).GetProperty("name").GetString());
        Assert.True((await Served.Json(await served.Client.GetAsync("/v2/health/live"))).GetProperty("live").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await served.Client.GetAsync("/v2/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await served.Client.GetAsync("/v2/models/model/versions/1/ready")).StatusCode);
        await served.Infer(Input("\"data\":[1,2,3,4,5,6]"));
        await served.Infer("{");
        string metrics = await served.Client.GetStringAsync("/metrics");
        Assert.Contains("temper_requests_total{code=\"200\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("temper_requests_total{code=\"400\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("temper_request_seconds_bucket{le=\"+Inf\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("temper_samples_total 2\n", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[0.5,-1,2,3,4,-5]")]
    [InlineData("[[0.5,-1,2],[3,4,-5e0]]")]
    public async Task Numbers_in_json_are_answered_in_json(string data)
    {
        await using Served served = await Served.Start(Pair);
        JsonElement answer = await Served.Json(await served.Infer(Input($"\"data\":{data}")));
        Assert.Equal("7", answer.GetProperty("id").GetString());
        JsonElement output = answer.GetProperty("outputs")[0];
        Assert.Equal("[2,2]", output.GetProperty("shape").GetRawText());
        Assert.All(Expected.Zip(output.GetProperty("data").EnumerateArray()), pair => Assert.Equal(pair.First, pair.Second.GetSingle(), 1e-5));
    }

    [Fact]
    public async Task Raw_bytes_are_answered_in_raw_bytes()
    {
        await using Served served = await Served.Start(Pair);
        string json = """{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}}]}""";
        HttpResponseMessage response = await served.Infer(json, Served.Bytes(Values));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        int head = int.Parse(response.Headers.GetValues("Inference-Header-Content-Length").Single(), System.Globalization.CultureInfo.InvariantCulture);
        using JsonDocument document = JsonDocument.Parse(body.AsMemory(0, head));
        Assert.Equal(16, document.RootElement.GetProperty("outputs")[0].GetProperty("parameters").GetProperty("binary_data_size").GetInt32());
        float[] results = MemoryMarshal.Cast<byte, float>(body.AsSpan(head)).ToArray();
        Assert.All(Expected.Zip(results), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    public static TheoryData<string, string> BadRequests => new()
    {
        { "", "malformed JSON" },
        { "[]", "malformed JSON" },
        { """{"inputs":3}""", "malformed JSON" },
        { """{"inputs":[]}""", "wrong number" },
        { """{"inputs":[{"name":"x"},{"name":"x"}]}""", "inputs: wrong number (got more than 1" },
        { Input("\"data\":[1,2,3,4,5,6]")[..^1] + ",\"outputs\":[{},{}]}", "outputs: wrong number (got more than 1" },
        { Input("\"data\":[1,2,3,4,5]"), "too few values" },
        { Input("\"data\":[1,2,3,4,5,6,7]"), "more" },
        { Input("\"data\":[1,2,3,4,5,\"6\"]"), "not an array" },
        { Input("\"data\":[1,2,3,4,5,null]"), "not an array" },
        { Input("\"data\":{\"numbers\":[1,2,3]}"), "not an array" },
        { Input("\"nothing\":[]"), "no data" },
        { Input("\"data\":[1,2,3,4,5,6]", shape: "[3,2]"), "wrong shape" },
        { Input("\"data\":[]", shape: "[0,3]"), "wrong shape" },
        { Input("\"data\":[1]", shape: "[2147483647,3]"), "too few values" },
        { Input("\"data\":[1]", shape: "[-1,3]"), "wrong shape" },
        { Input("\"data\":[1]", shape: "[4294967296,4]"), "'x': shape: a length cannot be used (got 4294967296" },
        { Input("\"data\":[1]", shape: "[1.5,3]"), "'x': shape: a length cannot be used (got 1.5" },
        { Input("\"data\":[1]", shape: "[\"2\",3]"), "'x': shape: a length cannot be used (got String" },
        { Input("\"parameters\":{\"binary_data_size\":1e12}"), "'x': binary_data_size cannot be used (got 1e12" },
        { Input("\"data\":[1,2,3,4,5,6]", type: "FP64"), "wrong datatype" },
        { Input("\"data\":[1,2,3,4,5,6]", name: "y"), "unknown" },
        { Input("\"parameters\":{\"binary_data_size\":24}"), "binary data does not match" },
        { Input("\"parameters\":{\"binary_data_size\":-1}"), "negative" },
        { Input("\"data\":[1,2,3,4,5,6]") + "x", "malformed JSON" },
        { Input("\"data\":[1,2,3,4,5,6]")[..^1] + ",\"outputs\":[{\"name\":\"z\"}]}", "unknown" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task Malformed_requests_are_answered_400_with_the_reason(string json, string reason)
    {
        await using Served served = await Served.Start(Pair);
        HttpResponseMessage response = await served.Infer(json);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(reason, (await Served.Json(response)).GetProperty("error").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("gzip, identity")]
    public async Task Packed_bodies_are_415(string encoding)
    {
        await using Served served = await Served.Start(Pair);
        using var content = new ByteArrayContent([0x1F, 0x8B, 8, 0]);
        content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        HttpResponseMessage response = await served.Client.PostAsync("/v2/models/model/infer", content);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("Content-Encoding", (await Served.Json(response)).GetProperty("error").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v2/health/live")]
    [InlineData("/v2/health/ready")]
    [InlineData("/v2/models/model/ready")]
    [InlineData("/v2/models/model")]
    [InlineData("/v2")]
    public async Task Head_is_get_without_the_body(string address)
    {
        await using Served served = await Served.Start(Pair);
        using var request = new HttpRequestMessage(HttpMethod.Head, address);
        HttpResponseMessage head = await served.Client.SendAsync(request), get = await served.Client.GetAsync(address);
        Assert.Equal((HttpStatusCode.OK, get.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    public static TheoryData<ServerOptions, string> BadOptions => new()
    {
        { new ServerOptions { Port = 70_000 }, "Port is out of range (got 70000, expected 0 to 65535)" },
        { new ServerOptions { Port = -1 }, "Port is out of range (got -1, expected 0 to 65535)" },
        { new ServerOptions { MaxRequestBytes = 0 }, "MaxRequestBytes is out of range (got 0, expected 1 to " },
        { new ServerOptions { RequestTimeout = TimeSpan.MaxValue }, "RequestTimeout is out of range (got " },
        { new ServerOptions { StopTimeout = TimeSpan.FromSeconds(-1) }, "StopTimeout is out of range (got -00:00:01, expected 0 to 24 days)" },
        { new ServerOptions { RequestTimeout = TimeSpan.Zero }, "RequestTimeout is out of range (got 00:00:00, expected above zero)" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task Options_out_of_range_are_refused_by_name(ServerOptions options, string expected)
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Pair, new CompileOptions { TimesKernels = false });
        ArgumentOutOfRangeException error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => InferenceServer.StartAsync(compiled, options));
        Assert.StartsWith($"ServerOptions: {expected}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_of_another_machine_is_an_error_of_input_and_output()
    {
        using CompiledNetwork compiled = CompiledNetwork.Compile(Pair, new CompileOptions { TimesKernels = false });
        // 192.0.2.0/24 is reserved for documentation: no machine has such an address.
        var options = new ServerOptions { Address = IPAddress.Parse("192.0.2.1"), Port = 0 };
        IOException error = await Assert.ThrowsAsync<IOException>(() => InferenceServer.StartAsync(compiled, options));
        Assert.Contains("192.0.2.1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_addresses_methods_and_sizes_have_their_status()
    {
        await using Served served = await Served.Start(Pair, new ServerOptions { MaxRequestBytes = 1000 });
        Assert.Equal(HttpStatusCode.NotFound, (await served.Client.GetAsync("/v2/models/other")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await served.Client.GetAsync("/v2/models/model/versions/2")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await served.Client.GetAsync("/v2/models/model/infer")).StatusCode);
        HttpResponseMessage large = await served.Infer(new string(' ', 1001));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        Assert.True((await Served.Json(large)).TryGetProperty("error", out _));
        Assert.Equal(HttpStatusCode.OK, (await served.Infer(Input("\"data\":[1,2,3,4,5,6]"))).StatusCode);
    }

    [Theory]
    [InlineData("POST /v2/models/model/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", "408")]
    [InlineData("POST /v2/models/model/infer HTTP/1.1\r\nHost: x\r\nContent-Le", "408")]
    [InlineData("nonsense\r\n\r\n", "400")]
    public async Task Requests_that_never_end_are_given_up(string beginning, string status)
    {
        await using Served served = await Served.Start(Pair, new ServerOptions { RequestTimeout = TimeSpan.FromSeconds(0.3) });
        using var client = new TcpClient();
        await client.ConnectAsync(served.Server.Address.Host, served.Server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));
        using var reader = new StreamReader(client.GetStream());
        Assert.Contains($"HTTP/1.1 {status}", await reader.ReadLineAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_is_asked_for_but_not_for_health()
    {
        await using Served served = await Served.Start(Pair, new ServerOptions { Token = "secret" });
        Assert.Equal(HttpStatusCode.OK, (await served.Client.GetAsync("/v2/health/ready")).StatusCode);
        HttpResponseMessage refused = await served.Infer(Input("\"data\":[1,2,3,4,5,6]"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.Single().Scheme);
        served.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret2");
        Assert.Equal(HttpStatusCode.Unauthorized, (await served.Client.GetAsync("/metrics")).StatusCode);
        served.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "secret");
        Assert.Equal(HttpStatusCode.OK, (await served.Infer(Input("\"data\":[1,2,3,4,5,6]"))).StatusCode);
    }

    [Fact]
    public async Task Full_queue_is_503_and_stopping_finishes_what_runs()
    {
        Network slow = Network.Build(InputSpec.Image(8, 128, 128), x => x.Conv2d(64, kernel: 5).Conv2d(64, kernel: 5).GlobalAvgPool2d()).Initialize(RandomStream.FromSeed(1));
        var options = new ServerOptions { Batching = new BatchingOptions { MaxBatch = 1, Capacity = 1, Threads = 1 } };
        Served served = await Served.Start(slow, options);
        string json = $$"""{"inputs":[{"name":"{{slow.Inputs[0].Name}}","shape":[1,8,128,128],"datatype":"FP32","parameters":{"binary_data_size":{{8 * 128 * 128 * 4}} } }]}""";
        byte[] raw = Served.Bytes(Samples.Uniform(8 * 128 * 128, 1));
        Task<HttpResponseMessage>[] running = [];
        HttpResponseMessage? refused = null;

        // On a busy machine requests may arrive one after another, so that the queue is never full; then more are sent.
        for (int round = 0; round < 100 && refused is null; round++)
        {
            running = [.. Enumerable.Range(0, 16).Select(_ => served.Infer(json, raw))];
            var open = running.ToList();
            while (open.Count > 0 && refused is null)
            {
                Task<HttpResponseMessage> ended = await Task.WhenAny(open);
                open.Remove(ended);
                refused = (await ended).StatusCode == HttpStatusCode.ServiceUnavailable ? await ended : null;
            }
        }

        Assert.NotNull(refused);
        Assert.NotNull(refused.Headers.RetryAfter);
        await served.Server.DisposeAsync();

        // The requests that filled the queue are completed. Some may not have arrived when the server stops; their
        // connections end without a response.
        HttpResponseMessage[] answers = [.. (await Task.WhenAll(running.Select(AnswerOrNone))).OfType<HttpResponseMessage>()];
        Assert.All(answers, answer => Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{answer.StatusCode}"));
        Assert.Contains(answers, answer => answer.StatusCode == HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_reset_connection_is_no_failure_of_the_server()
    {
        var failures = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        await using Served served = await Served.Start(Pair, new ServerOptions { OnFailure = failures.Enqueue });
        using (var client = new TcpClient { LingerState = new LingerOption(true, 0) })
        {
            await client.ConnectAsync(served.Server.Address.Host, served.Server.Address.Port);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes(
                "POST /v2/models/model/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n"));

            // The server asks for the body when it has begun the request.
            byte[] answer = new byte["HTTP/1.1 100 Continue\r\n\r\n".Length];
            await stream.ReadExactlyAsync(answer);
            Assert.StartsWith("HTTP/1.1 100 ", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
            await stream.WriteAsync("{"u8.ToArray());
        }

        string metrics = "";
        for (int i = 0; i < 1000 && !metrics.Contains("temper_request_seconds_count 1\n", StringComparison.Ordinal); i++)
        {
            await Task.Delay(50);
            metrics = await served.Client.GetStringAsync("/metrics");
        }

        Assert.Contains("temper_request_seconds_count 1\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("code=\"500\"", metrics, StringComparison.Ordinal);
        Assert.Empty(failures);
    }

    private static async Task<HttpResponseMessage?> AnswerOrNone(Task<HttpResponseMessage> request)
    {
        try
        {
            return await request;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
