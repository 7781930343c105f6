using System.Globalization;
using System.Runtime.CompilerServices;

namespace Temper.Training;

/// <summary>Checks of lists in options.</summary>
internal static class RequiredLists
{
    /// <summary>Throws if a list or one of its entries is null.</summary>
    /// <param name="list">The list.</param>
    /// <param name="name">Name of the option.</param>
    /// <exception cref="ArgumentNullException">The list or an entry is null; the message names it.</exception>
    internal static void Check<T>(
        IReadOnlyList<T>? list, [CallerArgumentExpression(nameof(list))] string name = "")
        where T : class
    {
        ArgumentNullException.ThrowIfNull(list, name);
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] is null)
            {
                throw new ArgumentNullException(name, string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name}: an entry is null (got null at index {i}, expected {typeof(T).Name}); remove it"));
            }
        }
    }
}
