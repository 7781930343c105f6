namespace Temper.Formats;

/// <summary>Recognizes exceptions that .NET throws for damaged compressed data.</summary>
internal static class DamagedData
{
    /// <summary>
    /// Whether an exception of a decompressing stream means that the data is damaged, not that it could not be read.
    /// </summary>
    /// <remarks>The exception type of zlib errors is not in the reference assemblies, so it is compared by
    /// name.</remarks>
    internal static bool IsCauseOf(Exception error) =>
        error is InvalidDataException || error.GetType().FullName is "System.IO.Compression.ZLibException";
}
