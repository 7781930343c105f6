namespace Temper.Serving.Protocol;

/// <summary>A request that cannot be answered as it wants, and the HTTP status that says why.</summary>
internal sealed class RequestException(int status, string message) : Exception(message)
{
    internal int Status { get; } = status;
}
