namespace Temper.Reinforcement.Bridges;

/// <summary>Time limits of what waits for a peer.</summary>
internal static class Deadline
{
    /// <summary>Work that must be done within a time.</summary>
    /// <param name="limit">The time.</param>
    /// <param name="work">The work.</param>
    /// <param name="late">What is said when it is not: who, and what is missing.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="BridgeException">The time is over.</exception>
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
