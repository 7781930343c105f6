namespace Temper.Parallelism.Collectives;

/// <summary>A rank has failed, or a call over ranks has: the message names the rank and the call.</summary>
public sealed class RankFailedException : IOException
{
    /// <summary>A failure without details.</summary>
    public RankFailedException()
    {
    }

    /// <summary>A failure.</summary>
    /// <param name="message">Names the rank and the call.</param>
    public RankFailedException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    /// <param name="message">Names the rank and the call.</param>
    /// <param name="inner">The cause.</param>
    public RankFailedException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}
