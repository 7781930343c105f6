namespace Temper.Training.Tests.Support;

/// <summary>Tests that measure the whole process, so that none may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}
