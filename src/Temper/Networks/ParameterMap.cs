using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Temper.Networks;

/// <summary>The parameters of a network, by name and in the order in which nodes first use them.</summary>
public sealed class ParameterMap : IReadOnlyList<Parameter>
{
    private readonly OrderedDictionary<string, Parameter> _byName;

    internal ParameterMap(IEnumerable<Parameter> parameters)
    {
        _byName = new OrderedDictionary<string, Parameter>(StringComparer.Ordinal);
        foreach (Parameter parameter in parameters)
        {
            _byName.Add(parameter.Name, parameter);
            ElementCount += parameter.Value.Count;
        }
    }

    /// <summary>Number of parameters (tensors).</summary>
    public int Count => _byName.Count;

    /// <summary>Total number of elements; a parameter shared by several nodes is counted once.</summary>
    public long ElementCount { get; }

    /// <summary>Returns the parameter at an index.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public Parameter this[int index] => _byName.GetAt(index).Value;

    /// <summary>Returns the parameter with a name.</summary>
    /// <param name="name">Full name, for example <c>conv1.weight</c>.</param>
    /// <exception cref="KeyNotFoundException">No parameter has this name.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out Parameter? parameter)
        ? parameter
        : throw new KeyNotFoundException(
            $"Network: no parameter has this name (got '{name}', expected one of {Names.Sample(_byName.Keys)})");

    /// <summary>Returns true if there is a parameter with the given name.</summary>
    /// <param name="name">The full name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Looks up a parameter by name.</summary>
    /// <param name="name">The full name.</param>
    /// <param name="parameter">The parameter; null if there is none.</param>
    /// <returns>True if the parameter exists.</returns>
    public bool TryGet(string name, [MaybeNullWhen(false)] out Parameter parameter) =>
        _byName.TryGetValue(name, out parameter);

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => ((IEnumerable<Parameter>)_byName.Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
