namespace Temper.Formats;

/// <summary>Check of streams for readers that read parts of a file in another order than they are stored.</summary>
internal static class SeekableStream
{
    /// <summary>Throws if a stream is null or cannot seek.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="operation">Name of the operation, used in the error message.</param>
    /// <exception cref="ArgumentException">The stream cannot seek.</exception>
    internal static void Require(Stream stream, string operation)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek)
        {
            throw new ArgumentException(
                $"{operation}: the stream cannot seek (got {stream.GetType().Name}, expected for example a FileStream "
                    + "or a MemoryStream); copy it to a MemoryStream first",
                nameof(stream));
        }
    }
}
