namespace Temper.Kernels;

/// <summary>x == y</summary>
internal readonly struct EqualTo : IComparison
{
    public bool Test(float x, float y) => x == y;
}

/// <summary>x != y; true for NaN.</summary>
internal readonly struct NotEqualTo : IComparison
{
    public bool Test(float x, float y) => x != y;
}

/// <summary>x &gt; y</summary>
internal readonly struct GreaterThan : IComparison
{
    public bool Test(float x, float y) => x > y;
}

/// <summary>x &gt;= y</summary>
internal readonly struct GreaterThanOrEqualTo : IComparison
{
    public bool Test(float x, float y) => x >= y;
}

/// <summary>x &lt; y</summary>
internal readonly struct LessThan : IComparison
{
    public bool Test(float x, float y) => x < y;
}

/// <summary>x &lt;= y</summary>
internal readonly struct LessThanOrEqualTo : IComparison
{
    public bool Test(float x, float y) => x <= y;
}
