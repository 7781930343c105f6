using System.Net;
using System.Text.Json.Nodes;
using Temper.Cli.CommandLine;
using Temper.Cli.Models;
using Temper.Cli.Output;
using Temper.Inference;
using Temper.Kernels;
using Temper.Networks;
using Temper.Serving;

namespace Temper.Cli.Commands;

/// <summary><c>temper serve</c>: answers inference requests over HTTP until it is stopped.</summary>
internal sealed class ServeCommand()
    : ToolCommand("serve", "Answer inference requests over HTTP (KServe V2) until SIGTERM or Ctrl-C")
{
    private static readonly Setting<string> ModelName = Setting.Text("name", "Model name in URLs", "model");

    private static readonly Setting<string> Host =
        Setting.Text("host", "Address to listen on; any other than loopback is reachable from other machines",
            "127.0.0.1");

    private static readonly Setting<int> Port =
        Setting.Integer("port", "Port; 0 = any free port", defaultValue: 8080, minimum: 0);

    private static readonly Setting<string?> TokenFile =
        Setting.OptionalText("token-file", "File with the token that requests must send; without it, the "
            + "environment variable TEMPER_SERVE_TOKEN is used");

    private static readonly Setting<int> MaxBatch = Setting.Integer(
        "max-batch", "Maximum number of samples of joined requests; a larger request runs alone, in parts",
        defaultValue: 32);

    private static readonly Setting<int> Queue =
        Setting.Integer("queue", "Maximum number of waiting requests; further ones get status 503", defaultValue: 256);

    private static readonly Setting<int> MaxRequest = Setting.Integer(
        "max-request-mib", "Maximum size of a request in MiB; larger ones get status 413", defaultValue: 32);

    private static readonly Setting<double> Timeout = Setting.Number(
        "timeout", "Timeout in seconds to read a request (408) and to answer it (504)", defaultValue: 30, minimum: 0.1,
        maximum: 86400);

    private static readonly Setting<bool> NoTiming =
        Setting.Switch("no-timing", "Choose kernels by a cost estimate instead of timing them; starts faster");

    private static readonly Setting<string?> Plan =
        Setting.OptionalText("plan", "Use the kernels of this plan file, written by temper bench --save-plan on "
            + "this processor");

    internal override IReadOnlyList<string> Examples =>
    [
        "serve model.onnx --port 8080",
    ];

    internal override string StopNote => "stopping: finishing running requests";

    internal override IReadOnlyList<Setting> Settings => field ??=
        [
            ModelSource.Setting, ModelSource.Architecture, ModelSource.Size, ModelName, Host, Port, TokenFile, MaxBatch,
            Queue, MaxRequest, Timeout, NoTiming, Plan,
        ];

    internal override int Run(CommandContext context)
    {
        context.HandleSignals();
        string model = context.Require(ModelSource.Setting);
        ModelSource.RequireTrained(model);
        ModelSource.RefuseUnused(context, model);
        Network network = ModelSource.OpenTrained(
            model, context.Get(ModelSource.Architecture), ModelSource.ImportOptions(context));
        ServerOptions options = Options(context);
        if (!IPAddress.IsLoopback(options.Address) && options.Token is null)
        {
            context.Terminal.Note($"warning: anyone who can reach {options.Address} can use this server; add "
                + "--token-file to require a token");
        }

        using var workers = new Workers(context);
        using WorkerPool.Usage usage = workers.Pool.Use();
        options = options with { Batching = options.Batching with { Threads = workers.Asked } };
        context.Terminal.Note(network.Batch.Kind == BatchKind.Free
            ? $"compiling for batches up to {options.Batching.MaxBatch}"
            : $"compiling; the batch size is fixed: requests must contain {network.Batch}");
        using CompiledNetwork compiled = CompiledNetwork.Compile(network, new CompileOptions
        {
            BatchSizes =
                network.Inputs.All(input => input.IsBatched) ? [.. BatchSizes(options.Batching.MaxBatch)] : [1],
            TimesKernels = !context.Get(NoTiming),
            Plan = context.Get(Plan) is { } file ? KernelPlan.Parse(File.ReadAllBytes(file)) : null,
        });
        Serve(context, compiled, options).GetAwaiter().GetResult();
        return ExitCode.Success;
    }

    private static ServerOptions Options(CommandContext context) => new()
    {
        ModelName = context.Get(ModelName),
        Address = IPAddress.TryParse(context.Get(Host), out IPAddress? address) ? address : throw ToolException.Usage(
            $"--host: not an IP address (got '{context.Get(Host)}', expected one such as 127.0.0.1 or 0.0.0.0)"),
        Port = context.Get(Port) is <= 65535 and var port
            ? port
            : throw ToolException.Usage($"--port: too large (got {context.Get(Port)}, expected at most 65535)"),
        MaxRequestBytes = Math.Min((long)context.Get(MaxRequest) << 20, Array.MaxLength / 2),
        RequestTimeout = TimeSpan.FromSeconds(context.Get(Timeout)),
        Token = Token(context),
        Batching = new BatchingOptions
        {
            MaxBatch = context.Get(MaxBatch),
            Capacity = context.Get(Queue),
        },
        OnFailure = error => context.Terminal.Note($"failure: {error.GetType().Name}: {error.Message}"),
    };

    /// <summary>
    /// Reads the token from a file or the environment; command lines can be read by all users of the machine.
    /// </summary>
    private static string? Token(CommandContext context)
    {
        string? token = context.Get(TokenFile) is { } file
            ? File.ReadAllText(file).Trim()
            : Environment.GetEnvironmentVariable("TEMPER_SERVE_TOKEN");
        return token?.Length == 0 ? throw ToolException.Usage("--token-file: the token is empty") : token;
    }

    private static IEnumerable<int> BatchSizes(int max)
    {
        for (int size = 1; size <= Math.Min(max, 64); size *= 2)
        {
            yield return size;
        }
    }

    private static async Task Serve(CommandContext context, CompiledNetwork compiled, ServerOptions options)
    {
        InferenceServer server =
            await InferenceServer.StartAsync(compiled, options, context.Cancel).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            string address = $"{server.Address.ToString().TrimEnd('/')}/v2/models/{options.ModelName}";
            if (context.IsJson)
            {
                JsonResult.Write("serve", new JsonObject { ["address"] = address });
            }
            else
            {
                await Console.Out.WriteLineAsync($"serving {address}").ConfigureAwait(false);
            }

            await Task.Delay(System.Threading.Timeout.Infinite, context.Cancel)
                .ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
        }
    }
}
