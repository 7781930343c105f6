using Temper.Tensors;

namespace Temper.Inference;

/// <summary>What somebody waits for.</summary>
/// <param name="Inputs">One tensor for each input.</param>
/// <param name="Samples">Their number; 0 where the request cannot be run together with others.</param>
/// <param name="Cancellation">Set when nobody waits any more.</param>
internal sealed record BatchRequest(IReadOnlyList<Tensor> Inputs, int Samples, CancellationToken Cancellation)
{
    private readonly TaskCompletionSource<IReadOnlyList<Tensor>> _result =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<IReadOnlyList<Tensor>> Result => _result.Task;

    internal void Complete(IReadOnlyList<Tensor> outputs) => _result.TrySetResult(outputs);

    internal void Fail(Exception error) => _result.TrySetException(error);

    internal void Cancel() => _result.TrySetCanceled(Cancellation);
}
