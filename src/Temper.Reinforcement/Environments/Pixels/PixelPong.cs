namespace Temper.Reinforcement.Environments.Pixels;

/// <summary>
/// Pong with images of 42 x 42 gray pixels. The reward is 1 when the opponent misses the ball and -1 when the agent
/// does; the first to 21 points wins.
/// </summary>
/// <remarks>
/// The rules are Temper's own. Observation <c>[1, 42, 42]</c>, values 0 to 1 in steps of 1/255; edges are antialiased,
/// so that motion of less than a pixel is visible. Agents stack four frames by default. The agent plays on the right
/// with the actions none, up and down. Each hit makes the ball slightly faster, and the point where it hits a paddle
/// determines its angle. The opponent follows the ball more slowly than the agent can, with a random aim redrawn after
/// each hit.
/// </remarks>
public sealed class PixelPong : IEnvironment
{
    /// <summary>Width and height in pixels.</summary>
    public const int Size = 42;

    private const int WinningScore = 21;
    private const float PaddleHalf = 3, PaddleWidth = 1.5f, BallHalf = 1, AgentX = 39, OpponentX = 3;
    private const float AgentSpeed = 1.5f, OpponentSpeed = 0.8f, FirstSpeed = 1.1f, MaxSpeed = 2, Faster = 1.06f,
        MaxSlope = 0.95f;
    private const float Background = 0.25f, PaddleGrey = 0.7f, BallGrey = 1;
    private readonly EnvironmentRandom _random = new();
    private float _x, _y, _speedX, _speedY, _agent, _opponent, _aim;
    private int _won, _lost;

    /// <inheritdoc/>
    public EnvironmentSpec Spec { get; } = new()
    {
        Name = "pixel-pong", ObservationShape = [1, Size, Size], Minimum = 0, Maximum = 1,
        Actions = ActionSpace.Discrete(3, ["none", "up", "down"]), StepLimit = 10_000, Frames = 4,
    };

    /// <inheritdoc/>
    public void Reset(ulong seed, Span<float> observation)
    {
        _random.Reset(seed);
        (_won, _lost, _agent, _opponent) = (0, 0, Size / 2f, Size / 2f);
        Serve(_random.Next(2) == 0 ? 1 : -1);
        Show(observation);
    }

    /// <inheritdoc/>
    public StepOutcome Step(AgentAction action, Span<float> observation)
    {
        _agent = Moved(_agent, action.Index == 1 ? -AgentSpeed : action.Index == 2 ? AgentSpeed : 0);
        _opponent = Moved(
            _opponent, Math.Clamp((_speedX < 0 ? _y + _aim : Size / 2f) - _opponent, -OpponentSpeed, OpponentSpeed));
        _x += _speedX;
        _y += _speedY;
        Bounce();
        if (_speedX > 0 && _x + BallHalf >= AgentX && Hits(_agent))
        {
            Return(AgentX - BallHalf, _agent, direction: -1);
        }
        else if (_speedX < 0 && _x - BallHalf <= OpponentX && Hits(_opponent))
        {
            Return(OpponentX + BallHalf, _opponent, direction: 1);
        }

        float reward = Score();
        Show(observation);
        return new StepOutcome(reward, _won == WinningScore || _lost == WinningScore);
    }

    private static float Moved(float paddle, float by) => Math.Clamp(paddle + by, PaddleHalf, Size - PaddleHalf);

    private void Bounce()
    {
        if (_y < BallHalf)
        {
            (_y, _speedY) = ((2 * BallHalf) - _y, -_speedY);
        }
        else if (_y > Size - BallHalf)
        {
            (_y, _speedY) = ((2 * (Size - BallHalf)) - _y, -_speedY);
        }
    }

    private bool Hits(float paddle) => Math.Abs(_y - paddle) <= PaddleHalf + BallHalf;

    /// <summary>Returns the ball; its angle is steeper the farther from the paddle's center it hits.</summary>
    private void Return(float x, float paddle, int direction)
    {
        float speed = Math.Min(MaxSpeed, Math.Abs(_speedX) * Faster);
        (_x, _speedX) = (x, direction * speed);
        _speedY = speed * MaxSlope * (_y - paddle) / (PaddleHalf + BallHalf);
        _aim = NewAim();
    }

    private float Score()
    {
        if (_x > Size)
        {
            _lost++;
            Serve(1);
            return -1;
        }

        if (_x < 0)
        {
            _won++;
            Serve(-1);
            return 1;
        }

        return 0;
    }

    /// <summary>Serves from the middle toward the side that lost the last point.</summary>
    private void Serve(int direction)
    {
        (_x, _y) = (Size / 2f, Size * (0.25f + (0.5f * _random.NextSingle())));
        (_speedX, _speedY) = (direction * FirstSpeed, FirstSpeed * ((1.4f * _random.NextSingle()) - 0.7f));
        _aim = NewAim();
    }

    private float NewAim() => PaddleHalf * ((1.8f * _random.NextSingle()) - 0.9f);

    private void Show(Span<float> observation)
    {
        if (observation.IsEmpty)
        {
            return;
        }

        observation.Fill(MathF.Round(Background * 255) / 255);
        Draw(observation, AgentX, _agent - PaddleHalf, AgentX + PaddleWidth, _agent + PaddleHalf, PaddleGrey);
        Draw(
            observation, OpponentX - PaddleWidth, _opponent - PaddleHalf, OpponentX, _opponent + PaddleHalf,
            PaddleGrey);
        Draw(observation, _x - BallHalf, _y - BallHalf, _x + BallHalf, _y + BallHalf, BallGrey);
    }

    /// <summary>Draws a rectangle; partially covered pixels are blended.</summary>
    private static void Draw(Span<float> picture, float left, float top, float right, float bottom, float grey)
    {
        for (int row = Math.Max(0, (int)top); row < Math.Min(Size, bottom); row++)
        {
            float high = Math.Min(row + 1, bottom) - Math.Max(row, top);
            for (int column = Math.Max(0, (int)left); column < Math.Min(Size, right); column++)
            {
                float cover = high * (Math.Min(column + 1, right) - Math.Max(column, left));
                ref float pixel = ref picture[(row * Size) + column];
                pixel = MathF.Round((pixel + (cover * (grey - pixel))) * 255) / 255;
            }
        }
    }
}
