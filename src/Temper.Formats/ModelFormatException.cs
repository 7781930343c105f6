namespace Temper.Formats;

/// <summary>Thrown if a file is malformed: truncated, damaged, malicious or of another format.</summary>
public class ModelFormatException : FormatException
{
    /// <summary>Creates the exception for an error at a known place.</summary>
    /// <param name="file">Path or name of the file.</param>
    /// <param name="offset">Offset of the error in the file, in bytes; it is part of the message.</param>
    /// <param name="reason">What is wrong (got, expected), and what to do about it.</param>
    /// <param name="innerException">The exception that was caught; null if none.</param>
    public ModelFormatException(string file, long offset, string reason, Exception? innerException = null)
        : base($"{file}: {reason} (at byte {offset})", innerException)
    {
        File = file;
        Offset = offset;
        Reason = reason;
    }

    /// <summary>Creates the exception for an error that has no place, such as a missing tensor.</summary>
    /// <param name="file">Path or name of the file.</param>
    /// <param name="reason">What is wrong (got, expected), and what to do about it.</param>
    /// <param name="innerException">The exception that was caught; null if none.</param>
    public ModelFormatException(string file, string reason, Exception? innerException = null)
        : base($"{file}: {reason}", innerException)
    {
        File = file;
        Reason = reason;
    }

    /// <summary>Path or name of the file.</summary>
    public string File { get; }

    /// <summary>Offset of the error in the file, in bytes; null if the error has no place.</summary>
    public long? Offset { get; }

    /// <summary>What is wrong.</summary>
    public string Reason { get; }
}
