namespace Temper.Data;

/// <summary>
/// Something that a source of data holds and that is not used, with the reason: everything that is left out is
/// reported.
/// </summary>
/// <param name="Name">The file, relative to the set's folder, or the array.</param>
/// <param name="Count">Samples that it stands for; 0 where that is not known.</param>
/// <param name="Reason">Why it is not used, and what to do.</param>
public sealed record UnusedSamples(string Name, int Count, string Reason);
