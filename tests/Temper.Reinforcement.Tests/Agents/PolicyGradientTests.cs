using Temper.Reinforcement.Agents;

namespace Temper.Reinforcement.Tests.Agents;

/// <summary>
/// Checks closed-form gradients against central differences, and advantages against their definition.
/// </summary>
public sealed class PolicyGradientTests
{
    private const int Samples = 5, Outputs = 4;

    [Theory]
    [InlineData("categorical", 0.2f)]
    [InlineData("categorical", null)]
    [InlineData("gaussian", 0.2f)]
    [InlineData("gaussian", null)]
    public void Gradient_is_that_of_the_loss(string head, float? clip)
    {
        ActionHead actions = head is "gaussian" ? ActionHead.Gaussian : ActionHead.Categorical;
        OnPolicyOptions options = OnPolicyOptions.Ppo(1) with { Clip = clip, EntropyWeight = 0.05f };
        int width = head is "gaussian" ? Outputs / 2 : 1;
        var rollout = new Rollout(Samples, 1, 3, width);
        var loss = new PolicyGradient(actions, options, rollout) { Width = Outputs };
        (float[] outputs, float[] values) = (loss.Outputs, loss.Values);
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i] = MathF.Sin(1.7f * i);
        }

        for (int i = 0; i < Samples; i++)
        {
            (values[i], rollout.Advantages[i], rollout.Targets[i]) = (0.3f * i, MathF.Cos(2.1f * i), 1 - (0.2f * i));
            for (int a = 0; a < width; a++)
            {
                rollout.Actions(i)[a] = head is "gaussian" ? MathF.Sin(i + (2 * a)) : i % Outputs;
            }

            // Ratios inside and outside the clip range, none at its limits.
            rollout.LogProbabilities[i] = actions.Likelihood(outputs.AsSpan(i * Outputs, Outputs), rollout.Action(i)).LogProbability + (0.35f * (i - 2));
        }

        int[] all = [0, 1, 2, 3, 4];
        loss.Compute(all);
        AssertSlopes(outputs, [.. loss.ByOutputs]);
        AssertSlopes(values, [.. loss.ByValues]);

        void AssertSlopes(float[] where, float[] expected)
        {
            const float Step = 1e-2f;
            for (int i = 0; i < where.Length; i++)
            {
                float kept = where[i];
                where[i] = kept + Step;
                double high = Value();
                where[i] = kept - Step;
                double low = Value();
                where[i] = kept;
                Assert.InRange(expected[i], ((high - low) / (2 * Step)) - 2e-3, ((high - low) / (2 * Step)) + 2e-3);
            }
        }

        double Value()
        {
            PolicyLoss parts = loss.Compute(all);
            return parts.Policy - (options.EntropyWeight * parts.Entropy) + (options.ValueWeight * parts.Value);
        }
    }

    [Fact]
    public void Advantages_are_the_discounted_sum_of_differences()
    {
        const int Horizon = 6;
        const float Gamma = 0.9f, Lambda = 0.8f;
        var rollout = new Rollout(Horizon, 1, 1, 1);
        float[] rewards = [1, 0, -1, 2, 0.5f, 1], values = [0.1f, 0.4f, -0.2f, 0.3f, 0.6f, 0.2f, 0.7f];
        rewards.CopyTo(rollout.Rewards, 0);
        values.AsSpan(0, Horizon).CopyTo(rollout.Values);
        rollout.Ends[3] = true;
        rollout.ComputeAdvantages([values[Horizon]], Gamma, Lambda);
        for (int t = 0; t < Horizon; t++)
        {
            // The definition, arXiv:1506.02438, eq. 16, truncated at the end of the episode.
            double sum = 0, weight = 1;
            for (int k = t; k < Horizon; k++)
            {
                double next = k == 3 ? 0 : values[k + 1];
                sum += weight * (rewards[k] + (Gamma * next) - values[k]);
                weight *= Gamma * Lambda;
                if (k == 3)
                {
                    break;
                }
            }

            Assert.Equal(sum, rollout.Advantages[t], 5);
            Assert.Equal(sum + values[t], rollout.Targets[t], 5);
        }
    }

    /// <summary>2^20 steps of 4096 environments are 2^32 samples, which an int would count as 0.</summary>
    [Theory]
    [InlineData(1 << 20, 4096, 4, 1)]
    [InlineData(1 << 10, 64, 1 << 20, 1)]
    [InlineData(1 << 10, 64, 1, 1 << 20)]
    public void Experience_that_fits_in_no_array_is_refused(int horizon, int environments, int observation, int action) =>
        Assert.Contains("do not fit", Assert.Throws<ArgumentException>(() => new Rollout(horizon, environments, observation, action)).Message, StringComparison.Ordinal);

    [Fact]
    public void Samples_follow_the_probabilities()
    {
        float[] logits = [MathF.Log(0.5f), MathF.Log(0.3f), MathF.Log(0.2f)], action = new float[1];
        int[] counts = new int[3];
        const int Draws = 30_000;
        for (int i = 0; i < Draws; i++)
        {
            ActionHead.Categorical.Sample(logits, [(i + 0.5f) / Draws], action);
            counts[(int)action[0]]++;
        }

        Assert.Equal([0.5, 0.3, 0.2], counts.Select(count => Math.Round((double)count / Draws, 3)));
    }
}
