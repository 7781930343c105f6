namespace Temper.Training.Tests.Support;

/// <summary>Tests that measure the whole process and must not run in parallel with others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
