namespace Temper.Serving.Protocol;

/// <summary>A request that cannot be processed, with the HTTP status to return.</summary>
internal sealed class RequestException(int status, string message) : Exception(message)
{
    internal int Status { get; } = status;
}
