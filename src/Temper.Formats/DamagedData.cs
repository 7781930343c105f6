namespace Temper.Formats;

/// <summary>Recognizes damaged compressed data: by its size, or by the exceptions that .NET throws.</summary>
internal static class DamagedData
{
    /// <summary>
    /// Maximum expansion of DEFLATE, in output bytes per compressed byte: a match of 258 bytes takes at least two bits.
    /// </summary>
    internal const long MaxGrowth = 1032;

    /// <summary>
    /// Whether an exception of a decompressing stream means that the data is damaged, not that it could not be read.
    /// </summary>
    /// <remarks>The exception type of zlib errors is not in the reference assemblies, so it is compared by
    /// name.</remarks>
    internal static bool IsCauseOf(Exception error) =>
        error is InvalidDataException || error.GetType().FullName is "System.IO.Compression.ZLibException";
}
