namespace Temper.Inference;

/// <summary>
/// Thrown if a <see cref="BatchingQueue"/> already holds its maximum number of waiting requests. Retry later.
/// </summary>
public sealed class QueueFullException : InvalidOperationException
{
    /// <summary>Creates an exception with a default message.</summary>
    public QueueFullException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">Describes the error.</param>
    public QueueFullException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and an inner exception.</summary>
    /// <param name="message">Describes the error.</param>
    /// <param name="innerException">The cause.</param>
    public QueueFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
