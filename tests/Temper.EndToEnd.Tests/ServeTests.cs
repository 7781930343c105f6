using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Temper.Formats.Onnx;
using Temper.Networks;
using Temper.Randomness;

namespace Temper.EndToEnd.Tests;

/// <summary>Runs the server as a process.</summary>
public sealed class ServeTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();

    public ServeTests() => OnnxFile.Save(NetworkZoo.Create("lenet-5").Initialize(RandomStream.FromSeed(5)), _folder["a.onnx"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Serves_until_SIGTERM_and_finishes_what_runs()
    {
        File.WriteAllText(_folder["token"], "secret\n");
        using Process server = Tool.Start([], "serve", _folder["a.onnx"], "--port", "0", "--no-timing", "--max-batch", "4", "--token-file", _folder["token"]);
        string line = (await server.StandardOutput.ReadLineAsync())!;
        string address = line["serving ".Length..];
        using var client = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = Patience });
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri(address))).StatusCode);
        client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        string metadata = await client.GetStringAsync(new Uri(address));
        Assert.Contains("[-1,1,28,28]", metadata, StringComparison.Ordinal);
        string numbers = string.Join(',', Enumerable.Range(0, 784).Select(i => (i / 784f).ToString(CultureInfo.InvariantCulture)));
        string name = metadata.Split("\"inputs\":[{\"name\":\"")[1].Split('"')[0];
        string json = $$"""{"inputs":[{"name":"{{name}}","shape":[1,1,28,28],"datatype":"FP32","data":[{{numbers}}]}]}""";

        // The server asks for the body when it has begun the request. Half of it is sent before the signal, the rest
        // when the server says that it stops: the request is in progress and must be completed.
        var half = new HalfContent(Encoding.UTF8.GetBytes(json));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{address}/infer")) { Content = half };
        request.Headers.ExpectContinue = true;
        Task<HttpResponseMessage> running = client.SendAsync(request);
        await half.FirstSent.WaitAsync(Patience);
        using (Process kill = Process.Start("kill", $"-TERM {server.Id}"))
        {
            await kill.WaitForExitAsync();
        }

        string told = "";
        while (!told.Contains("stopping: finishing running requests", StringComparison.Ordinal))
        {
            string? next = await server.StandardError.ReadLineAsync();
            Assert.True(next is not null, told);
            told += $"{next}\n";
        }

        half.SendRest();
        HttpResponseMessage answer = await running;
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        ToolResult ended = Tool.Finish(server);
        Assert.Equal(0, ended.ExitCode);
        Assert.DoesNotContain("current step", told + ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_refused()
    {
        Assert.Equal(2, Tool.Run("serve", _folder["a.onnx"], "--host", "nowhere").ExitCode);
        Assert.Equal(2, Tool.Run("serve", _folder["a.onnx"], "--port", "70000").ExitCode);
        Assert.Equal(2, Tool.Run("serve", _folder["a.onnx"], "--no-timing", "--name", "a/b").ExitCode);
        Assert.Equal(2, Tool.Run("serve", "lenet-5").ExitCode);
    }

    private sealed class HalfContent(byte[] bytes) : HttpContent
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously), _rest = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task FirstSent => _first.Task;

        internal void SendRest() => _rest.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
            await stream.FlushAsync();
            _first.SetResult();
            await _rest.Task;
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
