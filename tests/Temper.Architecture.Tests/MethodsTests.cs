namespace Temper.Architecture.Tests;

public sealed class MethodsTests
{
    [Fact]
    public void Lines_between_the_braces_of_each_member_are_counted()
    {
        const string Text = """
            namespace A;

            internal sealed class B(int c)
            {
                private static readonly Dictionary<int, int> Table = new()
                {
                    [1] = 2,
                };

                private int Short => c;

                [Obsolete]
                internal (int E, int F) Tuple<T>(
                    int h = 1)
                {
                    if (h > 0)
                    {
                        h++;
                    }

                    return (h, h);
                }

                private int Property
                {
                    get => c;
                }

                private Options Expression(int h) => new()
                {
                    A = h,
                    B = h,
                };

                private enum Kind
                {
                    One,
                }

                private sealed record Inner
                {
                    internal Inner()
                    {
                    }

                    internal void Method()
                    {
                        Call();
                    }
                }
            }
            """;
        (string Name, int Lines)[] expected = [("Tuple", 6), ("Property", 1), ("Expression", 2), ("Inner", 0), ("Method", 1)];
        Assert.Equal(expected, Methods.Of(Text));
    }
}
