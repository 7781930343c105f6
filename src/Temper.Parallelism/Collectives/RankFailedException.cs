namespace Temper.Parallelism.Collectives;

/// <summary>Thrown when a rank or a collective call fails. The message names the rank and the call.</summary>
public sealed class RankFailedException : IOException
{
    /// <summary>Creates the exception without a message.</summary>
    public RankFailedException()
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">Names the rank and the call.</param>
    public RankFailedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and a cause.</summary>
    /// <param name="message">Names the rank and the call.</param>
    /// <param name="inner">The cause.</param>
    public RankFailedException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
