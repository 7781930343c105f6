namespace Temper.Data;

/// <summary>Data that could not be obtained, with what was tried and what to do instead.</summary>
public sealed class DataUnavailableException : IOException
{
    /// <summary>Tells which data and why.</summary>
    /// <param name="message">The data, what was tried, what to do.</param>
    /// <param name="innerException">The last failure.</param>
    public DataUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
