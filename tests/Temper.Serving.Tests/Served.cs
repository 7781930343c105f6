using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Temper.Inference;
using Temper.Networks;

namespace Temper.Serving.Tests;

/// <summary>A running server and a client for it.</summary>
internal sealed class Served : IAsyncDisposable
{
    private readonly CompiledNetwork _compiled;

    private Served(CompiledNetwork compiled, InferenceServer server)
    {
        (_compiled, Server) = (compiled, server);
        Client = new HttpClient { BaseAddress = server.Address };
    }

    internal InferenceServer Server { get; }

    internal HttpClient Client { get; }

    internal static async Task<Served> Start(Network network, ServerOptions? options = null)
    {
        CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions { TimesKernels = false });
        return new Served(compiled, await InferenceServer.StartAsync(compiled, (options ?? new ServerOptions()) with { Port = 0 }));
    }

    internal Task<HttpResponseMessage> Infer(string json, byte[]? raw = null)
    {
        byte[] head = Encoding.UTF8.GetBytes(json);
        var content = new ByteArrayContent([.. head, .. raw ?? []]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (raw is not null)
        {
            content.Headers.Add("Inference-Header-Content-Length", $"{head.Length}");
        }

        return Client.PostAsync("/v2/models/model/infer", content);
    }

    internal static async Task<JsonElement> Json(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    internal static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        _compiled.Dispose();
    }
}
