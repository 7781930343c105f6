using Temper.Formats;
using Temper.Formats.Safetensors;
using Temper.Networks;
using Temper.Reinforcement.Environments;
using Temper.Reinforcement.Environments.Grids;
using Temper.Tensors;

namespace Temper.Reinforcement.Agents;

/// <summary>Reads agents of other frameworks, recognized by their tensor names.</summary>
internal static class PublishedPolicies
{
    /// <summary>Known layouts: display name, a tensor name that identifies the layout, and its reader.</summary>
    private static readonly (string Name, string Marker, Func<Weights, Policy> Read)[] Layouts =
    [
        ("Stable-Baselines3 DQN", "q_net.q_net.0.weight", StableBaselinesDqn),
        ("Stable-Baselines3 actor and critic", "mlp_extractor.policy_net.0.weight", StableBaselinesActor),
        ("Flax dense layers", "Dense_0.kernel", FlaxDense),
        ("Atari convolutions", "base.main.0.weight", AtariConvolutions),
    ];

    internal static Policy Read(SafetensorsFile file, string path)
    {
        var weights = new Weights(file, path);
        (string name, _, Func<Weights, Policy>? read) = Layouts.FirstOrDefault(layout => weights.Has(layout.Marker));
        return read is not null
            ? read(weights) with { Source = name }
            : throw new ModelFormatException(
                path, "agent: its tensor names match no known layout (got "
                    + $"{string.Join(", ", file.Tensors.Take(4).Select(t => t.Key))}, "
                + $"expected one of {string.Join(", ", Layouts.Select(layout => layout.Marker))})");
    }

    /// <summary>
    /// Linear layers <c>q_net.q_net.0, 2, 4, ...</c> with ReLU between them; the outputs are Q-values.
    /// </summary>
    private static Policy StableBaselinesDqn(Weights weights)
    {
        var layers = new LayerList(weights);
        layers.AddEvery("q_net.q_net.", step: 2);
        return layers.ToPolicy(ActionHead.Values, InputSpec.Features(layers.Inputs), x => x, value => value.Relu());
    }

    /// <summary>
    /// The actor: linear layers <c>mlp_extractor.policy_net.0, 2, ...</c>, each followed by tanh, then
    /// <c>action_net</c>. The critic has the same structure, with <c>value_net</c>.
    /// </summary>
    private static Policy StableBaselinesActor(Weights weights)
    {
        var actor = new LayerList(weights);
        actor.AddEvery("mlp_extractor.policy_net.", step: 2);
        actor.Add("action_net");
        var critic = new LayerList(weights);
        critic.AddEvery("mlp_extractor.value_net.", step: 2);
        critic.Add("value_net");
        return actor.ToPolicy(
            ActionHead.Categorical, InputSpec.Features(actor.Inputs), x => x, value => value.Tanh(), critic);
    }

    /// <summary>
    /// Linear layers <c>Dense_0, 1, 2</c> with kernels <c>[in, out]</c> and ReLU between them. Their input is a grid in
    /// the order row, column, channel; Temper's order is channel, row, column, so the rows of the first kernel are
    /// reordered. These agents were published without sticky actions and evaluated with a limit of 2000 steps.
    /// </summary>
    private static Policy FlaxDense(Weights weights)
    {
        int inputs = weights.Get("Dense_0.kernel").Shape[0], channels = inputs / GridGame.Cells;
        if (channels * GridGame.Cells != inputs)
        {
            throw weights.Damaged($"Dense_0.kernel is not for a grid of 10 x 10 cells (got {inputs} inputs)");
        }

        var actor = new LayerList(weights);
        var critic = new LayerList(weights);
        for (int i = 0; weights.Has($"Dense_{i}.kernel"); i++)
        {
            actor.AddFlax($"Dense_{i}", i == 0 ? channels : 1);
        }

        if (weights.Has("critic_fc_1.kernel") && weights.Has("critic_fc_v.kernel"))
        {
            critic.AddFlax("critic_fc_1", channels);
            critic.AddFlax("critic_fc_2", 1);
            critic.AddFlax("critic_fc_v", 1);
        }

        InputSpec input = InputSpec.Image(channels, GridGame.Size, GridGame.Size);
        return actor.ToPolicy(ActionHead.Categorical, input, x =>
            x.Flatten(), value => value.Relu(), critic.Count > 0 ? critic : null) with
        {
            Actions = weights.Metadata("actions") is { } actions ? weights.Actions(actions) : null,
            Options = new EnvironmentOptions { Sticky = 0, StepLimit = 2000 },
        };
    }

    /// <summary>
    /// Three convolutions (8 x 8 with stride 4, 4 x 4 with stride 2, and one with stride 1), a linear layer, then
    /// <c>dist.linear</c> (policy) and <c>base.critic_linear</c> (value).
    /// </summary>
    private static Policy AtariConvolutions(Weights weights)
    {
        (string Name, int Stride)[] convolutions = [("base.main.0", 4), ("base.main.2", 2), ("base.main.4", 1)];
        Tensor first = weights.Get("base.main.0.weight");
        if (first.Rank != 4)
        {
            throw weights.Damaged($"base.main.0.weight is not a convolution kernel (got {first.Shape}, expected four "
                + "axes)");
        }

        var parameters = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        Network network = Network.Build([InputSpec.Image(first.Shape[1], 84, 84)], values =>
        {
            Value x = values[0];
            foreach ((string name, int stride) in convolutions)
            {
                Tensor kernel = weights.Matrix($"{name}.weight", rank: 4);
                x = x.Conv2d(kernel.Shape[0], kernel.Shape[2], stride, name: name).Relu();
                (parameters[$"{name}.weight"], parameters[$"{name}.bias"]) = (kernel, weights.Get($"{name}.bias"));
            }

            x = Layer(x.Flatten(), "base.main.7").Relu();
            return [("policy", Layer(x, "dist.linear")), ("value", Layer(x, "base.critic_linear"))];
        });
        return new Policy { Network = weights.Filled(network, parameters), Head = ActionHead.Categorical };

        Value Layer(Value x, string name)
        {
            Tensor matrix = weights.Matrix($"{name}.weight", rank: 2);
            (parameters[$"{name}.weight"], parameters[$"{name}.bias"]) = (matrix, weights.Get($"{name}.bias"));
            return x.Linear(matrix.Shape[0], name: name);
        }
    }

    /// <summary>A sequence of linear layers.</summary>
    private sealed class LayerList(Weights weights)
    {
        private readonly List<(string Name, Tensor Weight, Tensor Bias)> _layers = [];

        internal int Count => _layers.Count;

        internal int Inputs => _layers[0].Weight.Shape[1];

        internal void AddEvery(string prefix, int step)
        {
            for (int i = 0; weights.Has($"{prefix}{i}.weight"); i += step)
            {
                Add($"{prefix}{i}");
            }
        }

        internal void Add(string name) =>
            _layers.Add((name, weights.Matrix($"{name}.weight", rank: 2), weights.Get($"{name}.bias")));

        /// <summary>
        /// Adds a Flax dense layer: transposes its kernel <c>[in, out]</c> and reorders its inputs from channel-last to
        /// channel-first; with 1 channel there is nothing to reorder.
        /// </summary>
        internal void AddFlax(string name, int channels)
        {
            Tensor kernel = weights.Matrix($"{name}.kernel", rank: 2);
            ReadOnlySpan<float> values = kernel.AsSpan<float>();
            (int inputs, int outputs) = (kernel.Shape[0], kernel.Shape[1]);
            int cells = inputs / channels;
            float[] weight = new float[values.Length];
            for (int i = 0; i < inputs; i++)
            {
                int column = channels == 1 ? i : ((i % channels) * cells) + (i / channels);
                for (int o = 0; o < outputs; o++)
                {
                    weight[(o * inputs) + column] = values[(i * outputs) + o];
                }
            }

            _layers.Add((name, Tensor.From(weight, [outputs, inputs]), weights.Get($"{name}.bias")));
        }

        internal Policy ToPolicy(
            ActionHead head, InputSpec input, Func<Value, Value> begin, Func<Value, Value> activation,
            LayerList? critic = null)
        {
            Network network = Network.Build([input], values =>
            {
                Value x = begin(values[0]);
                Value policy = Chain(x, activation);
                return critic is null
                    ? [("policy", policy)]
                    : [("policy", policy), ("value", critic.Chain(x, activation))];
            });
            IEnumerable<(string Name, Tensor Weight, Tensor Bias)> all = _layers.Concat(critic?._layers ?? []);
            var parameters = all.SelectMany(layer => new[] { KeyValuePair.Create(
                $"{layer.Name}.weight", layer.Weight), KeyValuePair.Create($"{layer.Name}.bias", layer.Bias) });
            return new Policy
            {
                Network = weights.Filled(network, parameters.ToDictionary(StringComparer.Ordinal)), Head = head,
            };
        }

        private Value Chain(Value x, Func<Value, Value> activation)
        {
            for (int i = 0; i < _layers.Count; i++)
            {
                x = (i == 0 ? x : activation(x)).Linear(_layers[i].Weight.Shape[0], name: _layers[i].Name);
            }

            return x;
        }
    }

    /// <summary>The tensors of a file, validated on access.</summary>
    private sealed class Weights(SafetensorsFile file, string path)
    {
        private readonly Dictionary<string, Tensor> _tensors = file.Tensors.ToDictionary(StringComparer.Ordinal);

        internal bool Has(string name) => _tensors.ContainsKey(name);

        internal string? Metadata(string key) => file.Metadata.GetValueOrDefault(key);

        internal Tensor Get(string name) => !_tensors.TryGetValue(name, out Tensor? tensor)
            ? throw Damaged($"{name} is missing")
            : tensor.DType != DType.Float32 ? throw Damaged($"{name} is not float32 (got {tensor.DType})")
            : tensor;

        internal Tensor Matrix(string name, int rank)
        {
            Tensor tensor = Get(name);
            return tensor.Rank == rank && tensor.Count > 0
                ? tensor
                : throw Damaged($"{name} has the wrong shape (got {tensor.Shape}, expected {rank} axes)");
        }

        internal int[] Actions(string text)
        {
            try
            {
                return PolicyFile.ParseActions(text);
            }
            catch (Exception e) when (e is FormatException or OverflowException)
            {
                throw Damaged($"'actions' in its metadata is not a list of numbers (got '{text}')");
            }
        }

        internal Network Filled(Network network, Dictionary<string, Tensor> parameters)
        {
            try
            {
                return network.WithParameters(
                    network.Parameters.Select(parameter => parameter with { Value = parameters[parameter.Name] }));
            }
            catch (ArgumentException e)
            {
                throw Damaged(e.Message);
            }
        }

        internal ModelFormatException Damaged(string what) => new(path, 0, $"agent: {what}");
    }
}
