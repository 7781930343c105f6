using Temper.Cli.CommandLine;
using Temper.Inference;
using Temper.Networks;
using Temper.Tensors;

namespace Temper.Cli.Predictions;

/// <summary>
/// Runs the network of <c>temper predict</c>, compiled or operator by operator. Kernels are not chosen by timing, so
/// the same command gives the same bytes regardless of the load of the machine.
/// </summary>
internal sealed class PredictionEngine : IDisposable
{
    /// <summary>Maximum number of samples per run, which limits the memory for intermediate values.</summary>
    private const int MaxBatch = 256;

    private readonly string _source;
    private readonly Network _network;
    private readonly CompiledNetwork? _compiled;
    private readonly InferenceSession? _session;

    /// <param name="source">Name of the model file, for messages.</param>
    /// <param name="network">The network.</param>
    /// <param name="engine">Value of <see cref="Setting"/>.</param>
    internal PredictionEngine(string source, Network network, string engine)
    {
        (_source, _network) = (source, network);
        if (engine is "compiled")
        {
            _compiled = Named(() => CompiledNetwork.Compile(
                network, new CompileOptions { BatchSizes = [], TimesKernels = false }));
            _session = _compiled.CreateSession();
        }
    }

    internal static Setting<string> Setting { get; } = CommandLine.Setting.Choice(
        "engine", "Engine: compiled (kernels chosen by a cost estimate) or graph (operator by operator)",
        "compiled", "compiled", "graph");

    /// <summary>Computes the outputs of all samples.</summary>
    internal IReadOnlyList<Tensor> Run(IReadOnlyList<Tensor> values) => Named(() => FixedBatch.Run(
        _network, values, _session is { } session ? inputs => session.Run(inputs) : null, MaxBatch));

    public void Dispose()
    {
        _session?.Dispose();
        _compiled?.Dispose();
    }

    /// <summary>
    /// An error that the values of the samples cause, such as an index out of range, and the error for samples that do
    /// not fit a fixed batch size name the model file.
    /// </summary>
    private T Named<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (ArgumentException error)
        {
            throw new ToolException(ExitCode.BadInput, $"predict: {_source}: {Failure.Of(error).Message}");
        }
    }
}
