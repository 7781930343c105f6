namespace Temper.Snooping.Proxies;

/// <summary>Meaning of a proxy's output. It determines the loss that an attack maximizes.</summary>
public enum ProxyGoal
{
    /// <summary>
    /// Class logits of actions, <c>[N, K]</c>; the attack moves away from the predicted class.
    /// </summary>
    Classes,

    /// <summary>A value, <c>[N, 1]</c>; the attack lowers it (or raises it).</summary>
    Value,

    /// <summary>
    /// Logits of values from 0 to 1, <c>[N, D]</c>; the attack moves away from the proxy's own prediction.
    /// </summary>
    Cells,

    /// <summary>
    /// Class logits followed by a value, <c>[N, K + 1]</c>; the attack combines both losses and lowers the value.
    /// </summary>
    ClassesAndValue,

    /// <summary>
    /// Logits of kinds of rewards, <c>[N, K]</c>; the loss is that of <see cref="Classes"/>, but the classes are not
    /// actions, so they cannot choose the frames to attack or the action to change.
    /// </summary>
    Rewards,
}
