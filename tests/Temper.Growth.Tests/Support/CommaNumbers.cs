using System.Globalization;

namespace Temper.Growth.Tests.Support;

/// <summary>
/// Until it is disposed, the current culture writes 1.234,5 as German does. It is built by hand, because tests run without
/// the cultures of the system.
/// </summary>
internal sealed class CommaNumbers : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    internal CommaNumbers()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator) = (",", ".");
        CultureInfo.CurrentCulture = culture;
    }

    public void Dispose() => CultureInfo.CurrentCulture = _before;
}
