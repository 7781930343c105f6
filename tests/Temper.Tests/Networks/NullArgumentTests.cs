using Temper.Networks;
using Temper.Tensors;

namespace Temper.Tests.Networks;

/// <summary>A null argument is refused by its name, before any work.</summary>
public sealed class NullArgumentTests
{
    private static readonly Network Net = Network.Build(InputSpec.Features(3), x => x.Linear(2));

    private static readonly Dictionary<string, (string Parameter, Action Call)> Calls = new(StringComparer.Ordinal)
    {
        ["Build: input"] = ("input", () => Network.Build((InputSpec)null!, x => x)),
        ["Build: body"] = ("body", () => Network.Build(InputSpec.Features(3), null!)),
        ["Build: a body that returns null"] = ("body", () => Network.Build(InputSpec.Features(3), _ => null!)),
        ["Build: inputs"] = ("inputs", () => Network.Build((IReadOnlyList<InputSpec>)null!, x => [("y", x[0])])),
        ["Build: body of several inputs"] = ("body", () => Network.Build([InputSpec.Features(3)], null!)),
        ["Build: a body that returns no list"] = ("body", () => Network.Build([InputSpec.Features(3)], _ => null!)),
        ["Forward: x"] = ("x", () => Net.Forward((Tensor)null!)),
        ["Forward: x with a pass"] = ("x", () => Net.Forward((Tensor)null!, Pass.Evaluation)),
        ["Forward: pass"] = ("pass", () => Net.Forward(Tensor.Zeros([1, 3]), null!)),
        ["Forward: inputs"] = ("inputs", () => Net.Forward((IReadOnlyList<Tensor>)null!, Pass.Evaluation)),
        ["Forward: one of the inputs"] = ("inputs", () => Net.Forward([null!], Pass.Evaluation)),
        ["Pass.Training: dropout"] = ("dropout", () => Pass.Training(null!)),
        ["GradientTape.Watch: tensor"] = ("tensor", Watch),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Null_is_refused_by_name(string name) => Assert.Throws<ArgumentNullException>(Calls[name].Parameter, Calls[name].Call);

    private static void Watch()
    {
        using var tape = new GradientTape();
        tape.Watch(null!);
    }
}
