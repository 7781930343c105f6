using Temper.Networks;
using Temper.Randomness;
using Temper.Reinforcement.Agents;
using Temper.Reinforcement.Agents.Defenses;
using Temper.Reinforcement.Environments;
using Temper.Tensors;

namespace Temper.Reinforcement.Tests.Agents;

public sealed class DefenseTests
{
    private const float Epsilon = 0.1f;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Interval_bounds_hold_for_every_point_of_the_ball_that_is_tried(bool isConvolution, bool hasTanh)
    {
        (DefendedTraining training, Tensor x) = Setup(isConvolution, hasTanh);
        (Tensor low, Tensor high) = IntervalPropagation.Policy(training, x, Epsilon);
        for (int draw = 0; draw < 50; draw++)
        {
            float[] moved = x.ToArray<float>(), noise = new float[moved.Length];
            RandomStream.FromSeed(9).Split(draw).FillUniform(noise, -Epsilon, Epsilon);
            for (int i = 0; i < moved.Length; i++)
            {
                moved[i] = Math.Clamp(moved[i] + (draw % 2 == 0 ? noise[i] : Epsilon * Math.Sign(noise[i])), 0, 1);
            }

            float[] logits = training.Network.Forward([Tensor.From(moved, x.Shape)], Pass.Evaluation)[0].ToArray<float>();
            for (int i = 0; i < logits.Length; i++)
            {
                Assert.InRange(logits[i], low.AsSpan<float>()[i] - 1e-4f, high.AsSpan<float>()[i] + 1e-4f);
            }
        }
    }

    [Fact]
    public void Interval_bounds_meet_at_the_output_where_epsilon_is_zero()
    {
        (DefendedTraining training, Tensor x) = Setup(isConvolution: true, hasTanh: false);
        (Tensor low, Tensor high) = IntervalPropagation.Policy(training, x, 0);
        float[] logits = training.Network.Forward([x], Pass.Evaluation)[0].ToArray<float>();
        for (int i = 0; i < logits.Length; i++)
        {
            Assert.Equal(logits[i], low.AsSpan<float>()[i], 1e-4f);
            Assert.Equal(logits[i], high.AsSpan<float>()[i], 1e-4f);
        }
    }

    [Fact]
    public void A_layer_without_bounds_is_named()
    {
        Network network = Network.Build(InputSpec.Image(1, 4, 4, 0, 1), x => x.MaxPool2d(2, name: "pool").Flatten().Linear(2)).Initialize(RandomStream.FromSeed(1));
        var training = new DefendedTraining(network, RandomStream.FromSeed(1), 0, 1, 1);
        Assert.Contains("pool", Assert.Throws<ArgumentException>(() => IntervalPropagation.Policy(training, Tensor.Zeros([1, 1, 4, 4]), 0.1f)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_worst_observation_is_in_the_ball_and_worse_than_noise()
    {
        (DefendedTraining training, Tensor x) = Setup(isConvolution: false, hasTanh: false);
        Tensor worst = WorstObservation.Find(training, x, Epsilon, steps: 3);
        float[] noise = new float[x.Count];
        RandomStream.FromSeed(5).FillUniform(noise, -Epsilon, Epsilon);
        float[] clean = x.ToArray<float>(), moved = worst.ToArray<float>(), random = [.. clean.Select((value, i) => Math.Clamp(value + (Epsilon * Math.Sign(noise[i])), 0, 1))];
        Assert.All(moved.Zip(clean), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Epsilon + 1e-6f));
        Assert.All(moved, value => Assert.InRange(value, 0, 1));
        Assert.True(Change(moved) > 2 * Change(random), $"{Change(moved)} against {Change(random)}");

        double Change(float[] seen)
        {
            float[] before = training.Network.Forward([x], Pass.Evaluation)[0].ToArray<float>();
            float[] after = training.Network.Forward([Tensor.From(seen, x.Shape)], Pass.Evaluation)[0].ToArray<float>();
            return before.Zip(after).Sum(pair => Math.Abs(pair.First - pair.Second));
        }
    }

    [Theory]
    [InlineData("smooth")]
    [InlineData("interval")]
    public void A_penalty_is_above_zero_grows_with_the_training_and_has_a_gradient(string name)
    {
        (DefendedTraining training, Tensor x) = Setup(isConvolution: true, hasTanh: false);
        PolicyDefense defense = PolicyDefense.Create(name, Epsilon);
        Assert.Null(Penalty(0));
        float half = Penalty(0.25f)!.Value, full = Penalty(1)!.Value;
        Assert.True(half > 0 && full > half, $"{half}, {full}");

        float? Penalty(float progress)
        {
            using var tape = new GradientTape();
            Tensor[] weights = [.. training.Network.Parameters.Select(parameter => tape.Watch(parameter.Value))];
            Tensor? penalty = defense.Penalty(training with { Progress = progress }, x, training.Network.Forward([x], Pass.Evaluation)[0]);
            if (penalty is null)
            {
                return null;
            }

            Assert.Contains(tape.Gradient(penalty, weights)[weights[0]].ToArray<float>(), value => value != 0);
            return penalty.AsSpan<float>()[0];
        }
    }

    [Theory]
    [InlineData("noise")]
    [InlineData("adversarial")]
    public void What_is_seen_while_learning_stays_within_epsilon(string name)
    {
        (DefendedTraining training, Tensor x) = Setup(isConvolution: false, hasTanh: false);
        PolicyDefense defense = PolicyDefense.Create(name, Epsilon);
        int changed = 0;
        for (int i = 0; i < 10; i++)
        {
            float[] seen = x.ToArray<float>();
            defense.Disturb(training with { Random = RandomStream.FromSeed((ulong)i) }, seen, x.Shape[0]);
            changed += seen.SequenceEqual(x.ToArray<float>()) ? 0 : 1;
            Assert.All(seen.Zip(x.ToArray<float>()), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Epsilon + 1e-6f));
            Assert.All(seen, value => Assert.InRange(value, 0, 1));
        }

        Assert.InRange(changed, 2, 10);
    }

    [Fact]
    public void What_cannot_be_defended_is_refused_before_the_training()
    {
        Assert.Throws<ArgumentException>(() => PolicyDefense.Create("armour", 0.1f));
        Assert.Throws<ArgumentException>(() => PolicyDefense.Create("noise", 0.1f, strength: 1));
        OnPolicyOptions options = OnPolicyOptions.Ppo(1) with { Defense = new NoiseAugmentation { Epsilon = 0.1f } };
        Assert.Throws<ArgumentException>(() => new OnPolicyTrainer(() => EnvironmentCatalog.Create("pendulum"), options));
        var normalized = Assert.Throws<ArgumentException>(() => new OnPolicyTrainer(() => EnvironmentCatalog.Create("acrobot"), options with { NormalizesObservations = true }));
        Assert.Contains("the defense noise cannot be used with normalized observations", normalized.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new OnPolicyTrainer(() => EnvironmentCatalog.Create("brick-break"), options with { Defense = new NoiseAugmentation { Epsilon = float.NaN } }));
    }

    private static (DefendedTraining Training, Tensor Observations) Setup(bool isConvolution, bool hasTanh)
    {
        EnvironmentSpec spec = EnvironmentCatalog.Create("brick-break").Spec;
        var layout = new AgentNetwork { Convolutions = isConvolution ? [4] : [], Hidden = [16], IsShared = true, HasTanh = hasTanh };
        Network network = layout.ActorCritic(spec, 1, ActionHead.Categorical, RandomStream.FromSeed(2));
        float[] x = new float[3 * spec.ObservationShape.Count];
        RandomStream.FromSeed(3).FillUniform(x, 0, 1);
        return (new DefendedTraining(network, RandomStream.FromSeed(4), 0, 1, 1), Tensor.From(x, [3, .. spec.ObservationShape.AsSpan()]));
    }
}
