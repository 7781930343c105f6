using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Temper.Networks;

/// <summary>The parameters of a network, in the order in which its nodes use them first, also by name.</summary>
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

    /// <summary>Number of numbers in all parameters; one that two nodes share counts once.</summary>
    public long ElementCount { get; }

    /// <summary>The parameter at an index in the order.</summary>
    /// <param name="index">0 to <see cref="Count"/> - 1.</param>
    public Parameter this[int index] => _byName.GetAt(index).Value;

    /// <summary>The parameter with a name.</summary>
    /// <param name="name">For example <c>conv1.weight</c>.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Parameter this[string name] => _byName.TryGetValue(name, out Parameter? parameter)
        ? parameter
        : throw new KeyNotFoundException(
            $"Network: no parameter has this name (got '{name}'); the names are {Names.Sample(_byName.Keys)}");

    /// <summary>Whether there is a parameter with a name.</summary>
    /// <param name="name">The full name.</param>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Looks a parameter up.</summary>
    /// <param name="name">The full name.</param>
    /// <param name="parameter">The parameter, if there is one.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string name, [MaybeNullWhen(false)] out Parameter parameter) =>
        _byName.TryGetValue(name, out parameter);

    /// <inheritdoc/>
    public IEnumerator<Parameter> GetEnumerator() => ((IEnumerable<Parameter>)_byName.Values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
