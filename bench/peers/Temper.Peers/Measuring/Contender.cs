namespace Temper.Peers.Measuring;

/// <summary>One library doing the work that is compared.</summary>
/// <param name="Name">Column of the table.</param>
/// <param name="Work">Does the work once.</param>
internal sealed record Contender(string Name, Action Work);
