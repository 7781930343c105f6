using System.Globalization;

namespace Temper.Testing;

/// <summary>
/// Until it is disposed, the current culture writes 1.234,5 and 12,5 % as German does, and its minus sign is a tilde, so
/// that negative integers show it too. It is built by hand, because tests run without the cultures of the system.
/// </summary>
public sealed class CommaCulture : IDisposable
{
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public CommaCulture()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo format = culture.NumberFormat;
        (format.NumberDecimalSeparator, format.NumberGroupSeparator) = (",", ".");
        (format.PercentDecimalSeparator, format.PercentGroupSeparator) = (",", ".");
        format.NegativeSign = "~";
        CultureInfo.CurrentCulture = culture;
    }

    public void Dispose() => CultureInfo.CurrentCulture = _before;
}
