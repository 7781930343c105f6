using System.Globalization;

namespace Temper.Formats;

/// <summary>Files of a series in a folder, named by their numbers: 00000.png, 00001.png and so on.</summary>
internal static class NumberedFiles
{
    /// <summary>Returns the path of a file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="number">Number of the file, 0 or more.</param>
    /// <param name="extension">Extension, with its dot.</param>
    internal static string PathOf(string folder, int number, string extension) =>
        Path.Combine(folder, NameOf(number, extension));

    /// <summary>
    /// Deletes what a longer series left in the folder, which would be read as the end of the new one. Files with other
    /// names are kept.
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="first">Number of the first file to delete: the length of the new series.</param>
    /// <param name="extension">Extension, with its dot.</param>
    internal static void DeleteFrom(string folder, int first, string extension)
    {
        foreach (string path in Directory.GetFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (int.TryParse(
                Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && number >= first && string.Equals(name, NameOf(number, extension), StringComparison.Ordinal))
            {
                File.Delete(path);
            }
        }
    }

    private static string NameOf(int number, string extension) =>
        string.Create(CultureInfo.InvariantCulture, $"{number:D5}{extension}");
}
