namespace Temper.Data;

/// <summary>Thrown when data cannot be obtained; the message says what was tried and what to do instead.</summary>
public sealed class DataUnavailableException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which data, what was tried, and what to do instead.</param>
    /// <param name="innerException">The last failure.</param>
    public DataUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
