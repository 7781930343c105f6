using Temper.Tensors;

namespace Temper.Inference;

/// <summary>A request waiting in a <see cref="BatchingQueue"/>.</summary>
/// <param name="Inputs">One tensor per network input.</param>
/// <param name="Samples">Number of samples; 0 if the request cannot be batched with others.</param>
/// <param name="Cancellation">Token that cancels the request.</param>
internal sealed record BatchRequest(IReadOnlyList<Tensor> Inputs, int Samples, CancellationToken Cancellation)
{
    private readonly TaskCompletionSource<IReadOnlyList<Tensor>> _result =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<IReadOnlyList<Tensor>> Result => _result.Task;

    internal void Complete(IReadOnlyList<Tensor> outputs) => _result.TrySetResult(outputs);

    internal void Fail(Exception error) => _result.TrySetException(error);

    internal void Cancel() => _result.TrySetCanceled(Cancellation);
}
