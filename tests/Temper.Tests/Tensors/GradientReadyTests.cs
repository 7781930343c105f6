using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Tensors;

/// <summary>Tests the callback that reports each gradient as soon as it is final.</summary>
public sealed class GradientReadyTests
{
    [Fact]
    public void Each_gradient_is_reported_once_final_and_last_used_first()
    {
        using var tape = new GradientTape();
        Tensor[] w = [.. Enumerable.Range(0, 4).Select(i => tape.Watch(Tensor.From(Samples.Gaussian(3, (ulong)i), [3])))];
        Tensor unused = tape.Watch(Tensor.Ones([2]));
        Tensor early = (w[2] * w[0]).Tanh();               // w[0] is used here and again at the end
        Tensor late = (early * w[1]).Tanh() * w[3] * w[0];
        Tensor[] sources = [w[0], w[1], w[2], w[3], unused, early, w[1]];
        List<(int Source, Tensor Gradient, float[] Values)> reports = [];
        GradientMap map = tape.Gradient(
            [(late.Sum(), Tensor.Scalar(1f)), (early, Tensor.Ones([3]))], sources, (i, gradient) => reports.Add((i, gradient, gradient.ToArray<float>())));

        // Order: the unused source, which is final at once; w[3]; w[1] and early, the operands of one product; w[0] and
        // w[2], the operands of the first operation.
        Assert.Equal([4, 3, 1, 5, 6, 0, 2], reports.Select(report => report.Source));
        foreach ((int source, Tensor gradient, float[] values) in reports)
        {
            Assert.Same(map.Gradients[source], gradient);
            Assert.Equal(gradient.ToArray<float>(), values);
        }

        GradientMap plain = tape.Gradient([(late.Sum(), Tensor.Scalar(1f)), (early, Tensor.Ones([3]))], sources);
        Assert.Equal(plain.Gradients.Select(g => g.ToArray<float>()), map.Gradients.Select(g => g.ToArray<float>()));
    }

    /// <summary>Checks that a gradient is reported before the gradients of earlier operations are computed.</summary>
    [Fact]
    public void Gradients_are_reported_while_the_pass_still_runs()
    {
        var order = new List<string>();
        using var tape = new GradientTape();
        Tensor first = tape.Watch(Tensor.Ones([2])), second = tape.Watch(Tensor.Ones([2]));
        Tensor below = GradientTape.Recompute([first], v => { order.Add("section"); return v[0].Tanh(); });
        Tensor loss = (below * second).Sum();
        _ = tape.Gradient([(loss, Tensor.Scalar(1f))], [first, second], (i, _) => order.Add(i == 0 ? "first" : "second"));
        Assert.Equal(["section", "second", "section", "first"], order);
    }

    [Fact]
    public void Callback_computes_constants_and_its_exception_ends_the_pass()
    {
        using var tape = new GradientTape();
        Tensor x = tape.Watch(Tensor.Ones([2]));
        Tensor? doubled = null;
        Tensor y = x * x;
        _ = tape.Gradient([(y, Tensor.Ones([2]))], [x], (_, gradient) => doubled = gradient * 2f);
        Assert.Equal([4f, 4f], doubled!.ToArray<float>());
        Assert.Null(doubled.Storage.Owner);
        Assert.Throws<TimeoutException>(() => tape.Gradient([(y, Tensor.Ones([2]))], [x], (_, _) => throw new TimeoutException()));
        Assert.Equal([2f, 2f], tape.Gradient(y.Sum(), x).ToArray<float>());
    }
}
