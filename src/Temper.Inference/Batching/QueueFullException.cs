namespace Temper.Inference;

/// <summary>A <see cref="BatchingQueue"/> has as many requests waiting as it may have: try again later.</summary>
public sealed class QueueFullException : InvalidOperationException
{
    /// <summary>Without a message.</summary>
    public QueueFullException()
    {
    }

    /// <summary>With a message.</summary>
    /// <param name="message">What is full.</param>
    public QueueFullException(string message)
        : base(message)
    {
    }

    /// <summary>With a message and a cause.</summary>
    /// <param name="message">What is full.</param>
    /// <param name="innerException">The cause.</param>
    public QueueFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
