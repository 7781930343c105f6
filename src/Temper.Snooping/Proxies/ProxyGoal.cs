namespace Temper.Snooping.Proxies;

/// <summary>What a proxy's output means, and so which loss an attacker climbs.</summary>
public enum ProxyGoal
{
    /// <summary>Logits of classes, <c>[N, K]</c>: the attacker leads away from the class that wins.</summary>
    Classes,

    /// <summary>A value, <c>[N, 1]</c>: the attacker makes it look low (or high).</summary>
    Value,

    /// <summary>
    /// Logits of cells that are 0 or 1, or numbers, <c>[N, D]</c>: the attacker leads away from the proxy's own
    /// prediction.
    /// </summary>
    Cells,

    /// <summary>Logits of classes and then a value, <c>[N, K + 1]</c>: both at once.</summary>
    ClassesAndValue,
}
