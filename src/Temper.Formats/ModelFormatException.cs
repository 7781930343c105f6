namespace Temper.Formats;

/// <summary>A file that is not what it says it is: truncated, of another format, or hostile.</summary>
public class ModelFormatException : FormatException
{
    /// <summary>Tells what is wrong where.</summary>
    /// <param name="file">The file's path or name.</param>
    /// <param name="offset">Where in the file, in bytes.</param>
    /// <param name="reason">What is wrong (got, expected), and what to do.</param>
    /// <param name="innerException">What was caught, if anything.</param>
    public ModelFormatException(string file, long offset, string reason, Exception? innerException = null)
        : base($"{file}: {reason} (at byte {offset})", innerException)
    {
        File = file;
        Offset = offset;
        Reason = reason;
    }

    /// <summary>The file's path or name.</summary>
    public string File { get; }

    /// <summary>Where in the file, in bytes.</summary>
    public long Offset { get; }

    /// <summary>What is wrong.</summary>
    public string Reason { get; }
}
