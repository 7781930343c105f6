namespace Temper.Data;

/// <summary>
/// A file or array that a data source contains but does not use, with the reason. Everything left out is reported.
/// </summary>
/// <param name="Name">Path of the file relative to the data set's folder, or name of the array.</param>
/// <param name="Count">Number of samples it contains; 0 if unknown.</param>
/// <param name="Reason">Why it is not used, and what to do about it.</param>
public sealed record UnusedSamples(string Name, int Count, string Reason);
