namespace Temper.Data.Catalog;

/// <summary>A data set that can be downloaded from a public site.</summary>
/// <param name="Name">Name by which users select the data set.</param>
/// <param name="Description">Description in one line.</param>
/// <param name="Files">Files of the data set, as stored in the cache.</param>
/// <param name="Homes">Base URLs from which the files can be downloaded, tried in order.</param>
/// <param name="DebianPackage">Debian package that contains the files; null: no package has them.</param>
/// <param name="PackageFolder">Folder in which the package installs the files, relative to the root directory.</param>
/// <param name="ClassNames">Names of the classes, in the order of their labels.</param>
public sealed record CatalogEntry(
    string Name,
    string Description,
    IReadOnlyList<CatalogFile> Files,
    IReadOnlyList<string> Homes,
    string? DebianPackage,
    string? PackageFolder,
    IReadOnlyList<string> ClassNames);

/// <summary>A file of a data set.</summary>
/// <param name="Name">File name.</param>
/// <param name="Sha256">SHA-256 checksum of the decompressed content, in lower-case hexadecimal.</param>
public sealed record CatalogFile(string Name, string Sha256);
