using Temper.Networks;
using Temper.Randomness;
using Temper.Tensors;
using Temper.Testing;

namespace Temper.Tests.Tensors.Memory;

public sealed class TensorScopeTests
{
    [Fact]
    public void Reset_takes_back_all_but_what_was_kept_since_the_one_before()
    {
        using var scope = new TensorScope();
        Tensor start = Random(1, 2000), lost = start.Exp(), kept = scope.Keep(start.Tanh());
        float[] expected = kept.ToArray<float>();
        scope.Reset();
        Assert.Contains("TensorScope", Assert.Throws<ObjectDisposedException>(() => lost.ToArray<float>()).Message);
        Assert.Throws<ObjectDisposedException>(() => lost + kept);
        Assert.Throws<ObjectDisposedException>(() => scope.Keep(lost));
        Assert.Equal(expected, kept.ToArray<float>());
        Assert.Same(kept, scope.Keep(kept));
        scope.Reset();
        Tensor next = scope.Keep(kept * 2f);
        scope.Reset();
        Assert.Equal(expected.Select(v => 2 * v), next.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => kept.ToArray<float>());
        Assert.Equal(2000, start.ToArray<float>().Length);       // created by From, so owned by the garbage collector
    }

    [Fact]
    public void Loop_that_keeps_its_state_uses_the_same_memory_again()
    {
        Tensor x = Random(1, 5000);
        var seen = new HashSet<int>();
        float[] plain = x.ToArray<float>();
        using var scope = new TensorScope();
        for (int i = 0; i < 20; i++)
        {
            x = scope.Keep(x.Affine(0.9f, 0.1f).Tanh());
            scope.Reset();
            seen.Add(AddressOf(x));
        }

        Assert.InRange(seen.Count, 1, 4);
        Tensor expected = Tensor.From(plain, [5000]);
        for (int i = 0; i < 20; i++)
        {
            expected = expected.Affine(0.9f, 0.1f).Tanh().Detach();
        }

        Assert.Equal(expected.ToArray<float>(), x.ToArray<float>());

        static int AddressOf(Tensor x) => (int)(System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(ArrayOf(x), 0) >> 4);

        static float[] ArrayOf(Tensor x) => (float[])x.Storage.GetType()
            .GetField("_array", System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Instance)!.GetValue(x.Storage)!;
    }

    [Fact]
    public void Gradient_that_is_kept_outlives_its_tape_without_a_copy()
    {
        using var scope = new TensorScope();
        Tensor x = Random(1, 2, 3, 4, 4), gradient, output;
        using (var tape = new GradientTape())
        {
            tape.Watch(x);
            output = x.Tanh();
            Tensor found = tape.Gradient((output * output).Sum(), x);
            gradient = scope.Keep(found);
            Assert.Same(found, gradient);
            Assert.Throws<InvalidOperationException>(() => gradient.Exp());      // still a gradient of an open tape
        }

        Assert.Throws<ObjectDisposedException>(() => output.ToArray<float>());
        float[] expected = [.. x.ToArray<float>().Select(v => 2 * MathF.Tanh(v) * (1 - (MathF.Tanh(v) * MathF.Tanh(v))))];
        Assert.Equal(expected, gradient.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5f);
        Tensor signs = gradient.Sign();
        scope.Reset();
        Assert.Throws<ObjectDisposedException>(() => signs.ToArray<float>());
        Assert.Equal(expected, gradient.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5f);
    }

    [Fact]
    public void Tape_outside_takes_over_what_it_needs_of_a_scope_inside()
    {
        using var tape = new GradientTape();
        Tensor w = tape.Watch(Random(1, 3000)), x = Random(2, 3000), y;
        using (var scope = new TensorScope())
        {
            Tensor factor = x.Exp();
            y = factor * w;
            scope.Reset();
            Assert.Equal(3000, factor.ToArray<float>().Length);
        }

        Assert.Equal(x.Exp().ToArray<float>(), tape.Gradient(y.Sum(), w).ToArray<float>());
    }

    [Fact]
    public void Scopes_nest_and_close_in_the_reverse_order()
    {
        var outer = new TensorScope();
        Tensor first = Random(1, 1500).Exp(), second, third;
        var inner = new TensorScope();
        second = Random(2, 1500).Exp();
        third = outer.Keep(Random(3, 1500).Exp());
        Assert.Same(first, inner.Keep(first));             // already outlives the inner scope
        inner.Reset();
        Assert.Throws<ObjectDisposedException>(() => second.ToArray<float>());
        Assert.Equal(1500, first.ToArray<float>().Length);
        Assert.Equal(1500, third.ToArray<float>().Length);
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        using (new GradientTape())
        {
            Assert.Throws<InvalidOperationException>(inner.Dispose);
        }

        inner.Dispose();
        inner.Dispose();
        Assert.Throws<ObjectDisposedException>(inner.Reset);
        Tensor fourth = first + third;
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(outer.Reset));
        thread.Start();
        thread.Join();
        Assert.IsType<InvalidOperationException>(error);
        outer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => fourth.ToArray<float>());
        Assert.Equal(1500, Random(4, 1500).Exp().Detach().ToArray<float>().Length);
    }

    [Fact]
    public void Scope_that_outlives_the_tape_around_it_can_be_closed()
    {
        using var outer = new GradientTape();
        var tape = new GradientTape();
        var scope = new TensorScope();
        Tensor lent = Random(1, 1500).Exp();
        tape.Dispose();
        Assert.Equal(1500, lent.ToArray<float>().Length);
        using (new GradientTape())
        {
            Assert.Throws<InvalidOperationException>(scope.Dispose);
        }

        using (GradientTape.Suspend())
        {
            Assert.Throws<InvalidOperationException>(scope.Dispose);
        }

        scope.Dispose();
        Assert.Throws<ObjectDisposedException>(() => lent.ToArray<float>());
        Tensor w = outer.Watch(Random(2, 1500));
        Assert.Equal(w.Exp().ToArray<float>(), outer.Gradient(w.Exp().Sum(), w).ToArray<float>());
    }

    [Fact]
    public void Suspended_work_borrows_from_the_scope_and_detached_tensors_outlive_it()
    {
        Tensor kept, lent;
        using (new TensorScope())
        {
            using var tape = new GradientTape();
            Tensor x = tape.Watch(Random(1, 1200));
            using (GradientTape.Suspend())
            {
                lent = x.Exp();
                kept = lent.Detach();
            }
        }

        Assert.Throws<ObjectDisposedException>(() => lent.ToArray<float>());
        Assert.Equal(1200, kept.ToArray<float>().Length);
    }

    [Fact]
    public void Values_read_inside_are_those_of_the_tensor_after_a_reset()
    {
        Tensor outside = Random(1, 2, 3, 20, 20).InLayout(Layout.ChannelsLast);
        float[] expected = Random(1, 2, 3, 20, 20).ToArray<float>();
        using var scope = new TensorScope();
        Tensor kept = scope.Keep(outside.Affine(1, 0));
        ReadOnlySpan<float> read = outside.AsSpan<float>(), readKept = kept.AsSpan<float>();
        _ = outside.Tanh();
        scope.Reset();
        for (int i = 0; i < 10; i++)
        {
            _ = Random(2, 2400).Exp();                     // reuses the released memory
        }

        Assert.Equal(expected, read.ToArray());
        Assert.Equal(expected, readKept.ToArray());
    }

    [Fact]
    public void Network_made_inside_outlives_the_scope()
    {
        Network network = Network.Build(InputSpec.Image(2, 6, 6), x => x.Conv2d(8, kernel: 3).BatchNorm().Relu().Flatten().Linear(3))
            .Initialize(RandomStream.FromSeed(4));
        Tensor x = Random(5, 4, 2, 6, 6);
        Network folded, edited;
        float[] expected = network.Forward(x).ToArray<float>();
        using (new TensorScope())
        {
            folded = network.FoldNormalization();
            edited = network.WithParameters([.. network.Parameters.Select(parameter => parameter with { Value = parameter.Value * 1f })]);
            Assert.Equal(expected, network.Forward(x).ToArray<float>());
        }

        Assert.Equal(expected, edited.Forward(x).ToArray<float>());
        Assert.Equal(expected, folded.Forward(x).ToArray<float>(), (a, b) => Math.Abs(a - b) <= 1e-5f);
    }

    private static Tensor Random(ulong seed, params int[] lengths)
    {
        Shape shape = Shape.Create(lengths);
        return Tensor.From(Samples.Gaussian(shape.Count, seed), shape);
    }
}
