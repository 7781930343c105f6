namespace Temper.Reinforcement.Bridges;

/// <summary>Applies time limits to operations that wait for a peer.</summary>
internal static class Deadline
{
    /// <summary>Runs an operation with a time limit.</summary>
    /// <param name="limit">The time limit.</param>
    /// <param name="work">The operation.</param>
    /// <param name="late">Start of the error message on timeout: the peer and what is missing.</param>
    /// <param name="cancel">Cancels the operation.</param>
    /// <exception cref="BridgeException">The time limit is exceeded.</exception>
    internal static async Task<T> WithinAsync<T>(
        TimeSpan limit, Func<CancellationToken, ValueTask<T>> work, string late, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        try
        {
            return await work(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new BridgeException(
                FormattableString.Invariant($"{late} within {limit.TotalSeconds:0.###} s"), error);
        }
    }

    /// <inheritdoc cref="WithinAsync{T}"/>
    internal static Task WithinAsync(
        TimeSpan limit, Func<CancellationToken, ValueTask> work, string late, CancellationToken cancel) =>
        WithinAsync(limit, async token =>
    {
        await work(token).ConfigureAwait(false);
        return true;
    }, late, cancel);
}
