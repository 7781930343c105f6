namespace Temper.Data.Catalog;

/// <summary>A data set with a public home.</summary>
/// <param name="Name">What users call it.</param>
/// <param name="Description">One line.</param>
/// <param name="Files">Its files, as they are kept.</param>
/// <param name="Homes">Folders on the web that have these files, tried in order.</param>
/// <param name="DebianPackage">The Debian package that has these files; null where there is none.</param>
/// <param name="PackageFolder">Where that package puts them, from the root.</param>
/// <param name="ClassNames">Names of the classes in the order of their labels.</param>
public sealed record CatalogEntry(
    string Name,
    string Description,
    IReadOnlyList<CatalogFile> Files,
    IReadOnlyList<string> Homes,
    string? DebianPackage,
    string? PackageFolder,
    IReadOnlyList<string> ClassNames);

/// <summary>A file of a data set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Check sum of the unpacked content, in lower-case hexadecimal.</param>
public sealed record CatalogFile(string Name, string Sha256);
