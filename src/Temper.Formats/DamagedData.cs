namespace Temper.Formats;

/// <summary>How .NET says that compressed bytes are damaged.</summary>
internal static class DamagedData
{
    /// <summary>
    /// Whether an error of a decompressing stream means that its bytes are damaged, and not that they could not be
    /// read.
    /// </summary>
    /// <remarks>zlib's own errors come as a type that the reference assemblies do not show.</remarks>
    internal static bool IsCauseOf(Exception error) =>
        error is InvalidDataException || error.GetType().FullName is "System.IO.Compression.ZLibException";
}
